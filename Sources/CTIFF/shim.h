// libtiff takes C variadic arguments, keeps its messages in callbacks, and reads through callbacks: none of which Swift
// can give it. The helpers below read a TIFF held in memory, with plain C types in and out.
#ifndef CTIFF_SHIM_H
#define CTIFF_SHIM_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

// An open TIFF, and the bytes it is read from, which must outlive it.
typedef struct {
    TIFF *tiff;
    const unsigned char *bytes;
    tmsize_t count;
    tmsize_t place;
    // The first complaint since opening; empty for none.
    char complaint[256];
} ct_file;

// What a TIFF's first directory says of its pixels.
typedef struct {
    uint32_t width, height;
    uint16_t bits, samples, format, photometric, planar, compression, ink_set, orientation;
    uint32_t tile_width, tile_height;
    uint16_t extra_count;
    // The meaning of the first eight samples that are no color.
    uint16_t extra[8];
    int has_photometric, is_tiled;
} ct_header;

static tmsize_t ct_read(thandle_t handle, void *buffer, tmsize_t size) {
    ct_file *file = (ct_file *)handle;
    tmsize_t left = file->place < file->count ? file->count - file->place : 0;
    if (size > left) size = left;
    if (size > 0) memcpy(buffer, file->bytes + file->place, (size_t)size);
    file->place += size;
    return size;
}

static tmsize_t ct_write(thandle_t handle, void *buffer, tmsize_t size) {
    (void)handle;
    (void)buffer;
    (void)size;
    return 0;
}

static toff_t ct_seek(thandle_t handle, toff_t offset, int from) {
    ct_file *file = (ct_file *)handle;
    toff_t base = from == SEEK_CUR ? (toff_t)file->place : from == SEEK_END ? (toff_t)file->count : 0;
    toff_t place = base + offset;
    // Places beyond the end read as nothing; those that no signed number holds are none.
    if (place > (toff_t)INT64_MAX) return (toff_t)-1;
    file->place = (tmsize_t)place;
    return place;
}

static int ct_close_nothing(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t ct_size(thandle_t handle) { return (toff_t)((ct_file *)handle)->count; }

static int ct_map(thandle_t handle, void **base, toff_t *size) {
    ct_file *file = (ct_file *)handle;
    *base = (void *)file->bytes;
    *size = (toff_t)file->count;
    return 1;
}

static void ct_unmap(thandle_t handle, void *base, toff_t size) {
    (void)handle;
    (void)base;
    (void)size;
}

static int ct_complain(TIFF *tiff, void *data, const char *module, const char *format, va_list arguments) {
    (void)tiff;
    (void)module;
    ct_file *file = (ct_file *)data;
    if (!file->complaint[0]) vsnprintf(file->complaint, sizeof file->complaint, format, arguments);
    return 1;
}

static int ct_ignore(TIFF *tiff, void *data, const char *module, const char *format, va_list arguments) {
    (void)tiff;
    (void)data;
    (void)module;
    (void)format;
    (void)arguments;
    return 1;
}

static inline void ct_close(ct_file *file) {
    if (file->tiff) TIFFClose(file->tiff);
    free(file);
}

// Reads the first directory. No single piece of memory that libtiff takes is larger than `most`. The answer is to be
// closed with `ct_close` even where its `tiff` is NULL, which means that the bytes are no TIFF; NULL for no memory.
static inline ct_file *ct_open(const void *bytes, size_t count, size_t most) {
    ct_file *file = (ct_file *)calloc(1, sizeof(ct_file));
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!file || !options) {
        free(file);
        if (options) TIFFOpenOptionsFree(options);
        return NULL;
    }
    file->bytes = (const unsigned char *)bytes;
    file->count = (tmsize_t)count;
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)most);
    TIFFOpenOptionsSetErrorHandlerExtR(options, ct_complain, file);
    TIFFOpenOptionsSetWarningHandlerExtR(options, ct_ignore, file);
    file->tiff = TIFFClientOpenExt("memory", "r", (thandle_t)file, ct_read, ct_write, ct_seek, ct_close_nothing,
                                   ct_size, ct_map, ct_unmap, options);
    TIFFOpenOptionsFree(options);
    return file;
}

static inline void ct_describe(ct_file *file, ct_header *header) {
    TIFF *tiff = file->tiff;
    memset(header, 0, sizeof *header);
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &header->width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &header->height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &header->bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &header->samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &header->format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &header->planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &header->compression);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &header->orientation);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_INKSET, &header->ink_set);
    header->has_photometric = TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &header->photometric);
    header->is_tiled = TIFFIsTiled(tiff);
    if (header->is_tiled) {
        TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &header->tile_width);
        TIFFGetField(tiff, TIFFTAG_TILELENGTH, &header->tile_height);
    }
    uint16_t count = 0, *kinds = NULL;
    if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) && kinds) {
        header->extra_count = count;
        for (int index = 0; index < count && index < 8; index++) header->extra[index] = kinds[index];
    }
    // What it complained of so far was about tags that do not matter here.
    file->complaint[0] = 0;
}

// The palette's three tables of 2^bits entries, 0...65535; 0 where there is none.
static inline int ct_palette(ct_file *file, const uint16_t **red, const uint16_t **green, const uint16_t **blue) {
    uint16_t *tables[3] = { NULL, NULL, NULL };
    if (!TIFFGetField(file->tiff, TIFFTAG_COLORMAP, &tables[0], &tables[1], &tables[2])) return 0;
    *red = tables[0];
    *green = tables[1];
    *blue = tables[2];
    return tables[0] && tables[1] && tables[2];
}

// Lets the JPEG inside decode to RGB, as any JPEG file does.
static inline void ct_decode_jpeg_as_rgb(ct_file *file) {
    TIFFSetField(file->tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
}

// Decodes the whole picture to bytes of red, green, blue and alpha, the first row first, whatever its orientation tag
// says. `pixels` holds width * height of them.
static inline int ct_read_rgba(ct_file *file, uint32_t *pixels) {
    char message[1024] = "";
    TIFFRGBAImage image;
    if (!TIFFRGBAImageOK(file->tiff, message) || !TIFFRGBAImageBegin(&image, file->tiff, 1, message)) {
        if (!file->complaint[0]) snprintf(file->complaint, sizeof file->complaint, "%.200s", message);
        return -1;
    }
    image.req_orientation = image.orientation;
    int done = TIFFRGBAImageGet(&image, pixels, image.width, image.height);
    TIFFRGBAImageEnd(&image);
    return done ? 0 : -1;
}

#endif
