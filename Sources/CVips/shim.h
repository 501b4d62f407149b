// libvips' operations take C variadic arguments, which Swift cannot call. Each helper below fixes the arguments of one
// operation, takes and returns plain C types, and answers 0 on success and -1 on failure (the reason is then in
// libvips' error buffer). Pictures are `VipsImage *`, released with `cv_release`.
#ifndef CVIPS_SHIM_H
#define CVIPS_SHIM_H

#include <string.h>
#include <vips/vips.h>

// The container formats untrusted bytes may be decoded from. Every one names its loader outright, so that libvips'
// own sniffing (which would reach PDF, ImageMagick and others) is never asked.
enum cv_format { CV_JPEG = 0, CV_PNG = 1, CV_WEBP = 2, CV_HEIF = 3, CV_JPEG2000 = 4 };

static void cv_discard_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
    (void)domain;
    (void)level;
    (void)message;
    (void)data;
}

// Starts libvips: one thread an operation (callers bring their own), no operation cache, no notes on standard error,
// and every loader that libvips does not count safe for untrusted input blocked, save JPEG 2000's and SVG's: their
// libraries (OpenJPEG, librsvg) are what browsers' and desktops' programs show such files from anywhere with.
static inline int cv_start(void) {
    if (vips_init("swift-clip")) return -1;
    vips_concurrency_set(1);
    // Run-time compiled loops (ORC) are shared between threads; the plain ones are not, and are fast enough here.
    vips_vector_set_enabled(FALSE);
    vips_cache_set_max(0);
    vips_cache_set_max_mem(0);
    vips_cache_set_max_files(0);
    vips_block_untrusted_set(TRUE);
    vips_operation_block_set("VipsForeignLoadSvg", FALSE);
    vips_operation_block_set("VipsForeignLoadJp2k", FALSE);
    GLogLevelFlags quiet = (GLogLevelFlags)(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO
                                            | G_LOG_LEVEL_DEBUG);
    g_log_set_handler("VIPS", quiet, cv_discard_log, NULL);
    g_log_set_handler("Pango", quiet, cv_discard_log, NULL);
    return 0;
}

// Moves libvips' pending error text into `out` (always terminated) and empties the buffer.
static inline void cv_take_error(char *out, size_t capacity) {
    if (capacity == 0) return;
    char *text = vips_error_buffer_copy();
    g_strlcpy(out, text ? text : "", capacity);
    g_free(text);
}

static inline void cv_release(VipsImage *image) {
    if (image) g_object_unref(image);
}

// A JPEG at 1/2, 1/4 or 1/8 of its size, which is decoded several times faster; otherwise as `cv_open`.
static inline VipsImage *cv_open_shrunk_jpeg(const void *bytes, size_t count, int shrink) {
    VipsImage *image = NULL;
    if (vips_jpegload_buffer((void *)bytes, count, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                             VIPS_FAIL_ON_TRUNCATED, "shrink", shrink, NULL))
        return NULL;
    return image;
}

// Reads the header; pixels are decoded when `cv_copy_pixels` asks for them. `bytes` must outlive the picture.
static inline VipsImage *cv_open(int format, const void *bytes, size_t count) {
    VipsImage *image = NULL;
    void *data = (void *)bytes;
    int failed = -1;
    switch (format) {
    case CV_JPEG:
        failed = vips_jpegload_buffer(data, count, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                      VIPS_FAIL_ON_TRUNCATED, NULL);
        break;
    case CV_PNG:
        failed = vips_pngload_buffer(data, count, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                     VIPS_FAIL_ON_TRUNCATED, NULL);
        break;
    case CV_WEBP:
        failed = vips_webpload_buffer(data, count, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                      VIPS_FAIL_ON_TRUNCATED, NULL);
        break;
    case CV_HEIF:
        failed = vips_heifload_buffer(data, count, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                      VIPS_FAIL_ON_TRUNCATED, NULL);
        break;
    case CV_JPEG2000:
        failed = vips_jp2kload_buffer(data, count, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                      VIPS_FAIL_ON_TRUNCATED, NULL);
        break;
    }
    if (failed) {
        cv_release(image);
        return NULL;
    }
    return image;
}

static inline int cv_width(VipsImage *image) { return vips_image_get_width(image); }
static inline int cv_height(VipsImage *image) { return vips_image_get_height(image); }
static inline int cv_bands(VipsImage *image) { return vips_image_get_bands(image); }
static inline int cv_orientation(VipsImage *image) { return vips_image_get_orientation(image); }
static inline int cv_is_cmyk(VipsImage *image) {
    return vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK;
}

// Bytes of one sample: 1 or 2 for unsigned integers, 0 for every other kind (floating point, signed, complex).
static inline int cv_sample_bytes(VipsImage *image) {
    switch (vips_image_get_format(image)) {
    case VIPS_FORMAT_UCHAR: return 1;
    case VIPS_FORMAT_USHORT: return 2;
    default: return 0;
    }
}

// The block of EXIF that came with the picture, and lives as long as it; NULL where there is none.
static inline const void *cv_exif(VipsImage *image, size_t *count) {
    const void *block = NULL;
    if (!vips_image_get_typeof(image, VIPS_META_EXIF_NAME)) return NULL;
    return vips_image_get_blob(image, VIPS_META_EXIF_NAME, &block, count) ? NULL : block;
}

// Decodes the whole picture into `out`, rows packed. Runs on the calling thread: libvips' worker threads cost more
// than they bring for one picture.
static inline int cv_copy_pixels(VipsImage *image, void *out, size_t capacity) {
    size_t row = VIPS_IMAGE_SIZEOF_LINE(image);
    int height = vips_image_get_height(image);
    if (row * (size_t)height > capacity) {
        vips_error("cv_copy_pixels", "the buffer is too small");
        return -1;
    }
    VipsRegion *region = vips_region_new(image);
    if (!region) return -1;
    int failed = 0;
    // Strips keep libvips' own copy small; 64 rows is a multiple of every loader's block height.
    for (int top = 0; top < height && !failed; top += 64) {
        VipsRect strip = { 0, top, vips_image_get_width(image), VIPS_MIN(64, height - top) };
        failed = vips_region_prepare(region, &strip);
        for (int y = 0; y < strip.height && !failed; y++)
            memcpy((char *)out + (size_t)(top + y) * row, VIPS_REGION_ADDR(region, 0, top + y), row);
    }
    g_object_unref(region);
    return failed ? -1 : 0;
}

// A picture over 8-bit RGB bytes (3 a pixel), which must outlive it.
static inline VipsImage *cv_wrap(const void *bytes, int width, int height) {
    size_t count = (size_t)width * (size_t)height * 3;
    VipsImage *image = vips_image_new_from_memory(bytes, count, width, height, 3, VIPS_FORMAT_UCHAR);
    if (image) image->Type = VIPS_INTERPRETATION_sRGB;
    return image;
}

// Downscales with Lanczos-3.
static inline VipsImage *cv_resize(VipsImage *image, double horizontal, double vertical) {
    VipsImage *resized = NULL;
    if (vips_resize(image, &resized, horizontal, "vscale", vertical, "kernel", VIPS_KERNEL_LANCZOS3, NULL)) return NULL;
    return resized;
}

// The encoders return bytes to be released with `g_free`.
static inline void *cv_encode_png(VipsImage *image, int compression, size_t *count) {
    void *bytes = NULL;
    return vips_pngsave_buffer(image, &bytes, count, "compression", compression, "strip", TRUE, NULL) ? NULL : bytes;
}

static inline void *cv_encode_jpeg(VipsImage *image, int quality, size_t *count) {
    void *bytes = NULL;
    // No chroma subsampling: drawings have hard colored edges. Optimized coding is smaller at the same decoding cost.
    return vips_jpegsave_buffer(image, &bytes, count, "Q", quality, "optimize_coding", TRUE, "subsample_mode",
                                VIPS_FOREIGN_SUBSAMPLE_OFF, "strip", TRUE, NULL)
               ? NULL
               : bytes;
}

static inline void *cv_encode_webp(VipsImage *image, int quality, int lossless, size_t *count) {
    void *bytes = NULL;
    return vips_webpsave_buffer(image, &bytes, count, "Q", quality, "lossless", lossless, "strip", TRUE, NULL) ? NULL
                                                                                                               : bytes;
}

// Draws an SVG scaled by `scale`. From memory, it has no address that others could be relative to.
static inline VipsImage *cv_render_svg(const void *bytes, size_t count, double scale) {
    VipsImage *image = NULL;
    if (vips_svgload_buffer((void *)bytes, count, &image, "scale", scale, NULL)) return NULL;
    return image;
}

// Draws text in color (RGBA) with the font Pango names `font`, at `dpi` dots an inch.
static inline VipsImage *cv_render_text(const char *text, const char *font, const char *font_file, int dpi) {
    VipsImage *image = NULL;
    int failed = font_file
        ? vips_text(&image, text, "font", font, "fontfile", font_file, "dpi", dpi, "rgba", TRUE, NULL)
        : vips_text(&image, text, "font", font, "dpi", dpi, "rgba", TRUE, NULL);
    if (failed) return NULL;
    return image;
}

#endif
