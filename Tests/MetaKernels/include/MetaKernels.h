#ifndef META_KERNELS_H
#define META_KERNELS_H

#ifdef __cplusplus
extern "C" {
#endif

/// Has libtorch's meta device know the shapes of what these operators give. PyTorch teaches it these in Python, which is
/// not there. Safe to call more than once.
void register_meta_kernels(void);

#ifdef __cplusplus
}
#endif
#endif
