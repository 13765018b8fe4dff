#include "device.h"

#include <atomic>
#include <cstring>

#include "backend.h"
#include "ggml_node.h"
#include "rattan/version.h"
#include "settings.h"

namespace rattan::llama {
namespace {

std::atomic<bool> seen{false};

const char* get_name(ggml_backend_dev_t) { return device_name; }

const char* get_description(ggml_backend_dev_t) { return "Rattan " RATTAN_VERSION ": retrieval attention"; }

void get_memory(ggml_backend_dev_t, std::size_t* free, std::size_t* total) { *free = *total = 0; }

enum ggml_backend_dev_type get_type(ggml_backend_dev_t) { return GGML_BACKEND_DEVICE_TYPE_ACCEL; }

void get_properties(ggml_backend_dev_t device, ggml_backend_dev_props* properties) {
  *properties = {};
  properties->name = get_name(device);
  properties->description = get_description(device);
  properties->type = get_type(device);
}

ggml_backend_t init_backend(ggml_backend_dev_t device, const char*) {
  seen = false;
  return make_backend(device);
}

ggml_backend_buffer_type_t get_buffer_type(ggml_backend_dev_t) { return ggml_backend_cpu_buffer_type(); }

bool supports_op(ggml_backend_dev_t, const ggml_tensor* node) {
  switch (node->op) {
    case GGML_OP_NONE:
    case GGML_OP_RESHAPE:
    case GGML_OP_VIEW:
    case GGML_OP_PERMUTE:
    case GGML_OP_TRANSPOSE: return true;
    case GGML_OP_FLASH_ATTN_EXT: return seen && is_attention(node);
    default: return writes_cache(node);
  }
}

bool supports_buffer_type(ggml_backend_dev_t, ggml_backend_buffer_type_t type) {
  return ggml_backend_buft_is_host(type);
}

ggml_backend_device_i device_interface() {
  ggml_backend_device_i interface = {};
  interface.get_name = get_name;
  interface.get_description = get_description;
  interface.get_memory = get_memory;
  interface.get_type = get_type;
  interface.get_props = get_properties;
  interface.init_backend = init_backend;
  interface.get_buffer_type = get_buffer_type;
  interface.supports_op = supports_op;
  interface.supports_buft = supports_buffer_type;
  return interface;
}

const char* registry_name(ggml_backend_reg_t) { return device_name; }

std::size_t device_count(ggml_backend_reg_t) { return environment_settings().enabled ? 1 : 0; }

ggml_backend_dev_t get_device(ggml_backend_reg_t registry, std::size_t) {
  static ggml_backend_device device = {device_interface(), registry, nullptr};
  return &device;
}

void* get_proc_address(ggml_backend_reg_t, const char* name) {
  if (std::strcmp(name, "ggml_backend_set_n_threads") != 0) return nullptr;
  return reinterpret_cast<void*>(set_backend_threads);
}

}  // namespace

void write_was_seen() { seen = true; }

}  // namespace rattan::llama

extern "C" __attribute__((visibility("default"))) ggml_backend_reg_t ggml_backend_init(void) {
  using namespace rattan::llama;
  static ggml_backend_reg registry = {
      GGML_BACKEND_API_VERSION, {registry_name, device_count, get_device, get_proc_address}, nullptr};
  return &registry;
}
