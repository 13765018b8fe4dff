/* The smallest user of an installed Rattan in C: a context is made, and says what it cannot do yet. */
#include <rattan/c.h>
#include <string.h>

int main(void) {
  rattan_shape shape;
  rattan_shape_init(&shape);
  shape.layers = shape.query_heads = shape.kv_heads = 1;
  shape.key_dim = shape.value_dim = 16;
  rattan_context* context = NULL;
  if (rattan_context_create(&shape, NULL, &context) != RATTAN_OK) return 1;
  uint64_t tokens = 0;
  const rattan_status status = rattan_tokens(context, 0, &tokens);
  rattan_context_destroy(context);
  return status == RATTAN_INVALID_ARGUMENT && strstr(rattan_last_error(), "layer") != NULL ? 0 : 2;
}
