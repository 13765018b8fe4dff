#include "half.h"

#include <string.h>

uint16_t to_half(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000U);
  bits &= 0x7fffffffU;
  if (bits >= 0x477ff000U) return sign | 0x7c00U;  // 65520 and more
  if (bits < 0x38800000U) {                        // subnormal: adding 0.5 rounds at the half's last bit
    float magnitude;
    memcpy(&magnitude, &bits, sizeof magnitude);
    magnitude += 0.5F;
    memcpy(&bits, &magnitude, sizeof bits);
    return (uint16_t)(sign | (bits - 0x3f000000U));
  }
  bits += 0xfffU + (bits >> 13 & 1U);
  return (uint16_t)(sign | (bits - 0x38000000U) >> 13);
}

void to_halves(uint16_t* to, const float* from, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = to_half(from[i]);
}
