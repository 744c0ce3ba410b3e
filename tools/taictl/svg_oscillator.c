/* SPDX-License-Identifier: Apache-2.0 */
/* Allan deviation as a picture: both axes logarithmic, one point for each octave. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tools/taictl/show.h"

enum { WIDTH = 720, HEIGHT = 460, LEFT = 80, RIGHT = 30, TOP = 40, BOTTOM = 50, POINTS_MAX = 64 };

struct point {
    double tau, deviation; /* decimal logarithms */
};

struct frame {
    double tau_low, tau_high, low, high; /* whole decades */
};

static size_t points_of(const json_t *answer, struct point *ret_points)
{
    const json_t *row;
    size_t i, n = 0;
    json_array_foreach(json_object_get(answer, "allan"), i, row)
    {
        double tau = (double)json_integer_value(json_object_get(row, "tau_s"));
        double deviation = (double)json_integer_value(json_object_get(row, "deviation_fs_per_s")) * 1e-15;
        if (tau > 0 && deviation > 0 && n < POINTS_MAX)
            ret_points[n++] = (struct point){log10(tau), log10(deviation)};
    }
    return n;
}

static struct frame frame_of(const struct point *points, size_t count)
{
    struct frame f = {0, 1, points[0].deviation, points[0].deviation};
    for (size_t i = 0; i < count; i++) {
        f.tau_high = fmax(f.tau_high, points[i].tau);
        f.low = fmin(f.low, points[i].deviation);
        f.high = fmax(f.high, points[i].deviation);
    }
    f.tau_high = ceil(f.tau_high);
    f.low = floor(f.low);
    f.high = fmax(ceil(f.high), f.low + 1);
    return f;
}

static double x_of(const struct frame *f, double tau)
{
    return LEFT + (tau - f->tau_low) / (f->tau_high - f->tau_low) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct frame *f, double deviation)
{
    return TOP + (f->high - deviation) / (f->high - f->low) * (HEIGHT - TOP - BOTTOM);
}

static void draw_grid(FILE *out, const struct frame *f)
{
    for (int i = 0; i <= (int)(f->tau_high - f->tau_low); i++) {
        double tau = f->tau_low + i;
        fprintf(out,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ccc\"/>"
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
                x_of(f, tau), TOP, x_of(f, tau), HEIGHT - BOTTOM, x_of(f, tau), HEIGHT - BOTTOM + 18,
                pow(10, tau));
    }
    for (int i = 0; i <= (int)(f->high - f->low); i++) {
        double d = f->low + i;
        fprintf(out,
                "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ccc\"/>"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">1e%.0f</text>\n",
                LEFT, y_of(f, d), WIDTH - RIGHT, y_of(f, d), LEFT - 8, y_of(f, d) + 4, d);
    }
    fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">tau, s</text>\n", (WIDTH + LEFT - RIGHT) / 2,
            HEIGHT - 10);
    fprintf(out, "<text x=\"%d\" y=\"22\" font-size=\"15\">Allan deviation, overlapping</text>\n", LEFT);
}

static void draw(FILE *out, const struct point *points, size_t count)
{
    struct frame f = frame_of(points, count);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
            "font-size=\"12\">\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT);
    draw_grid(out, &f);
    fputs("<polyline fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\" points=\"", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%.1f,%.1f", i == 0 ? "" : " ", x_of(&f, points[i].tau),
                y_of(&f, points[i].deviation));
    fputs("\"/>\n", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"#1f5fa8\"/>\n", x_of(&f, points[i].tau),
                y_of(&f, points[i].deviation));
    fputs("</svg>\n", out);
}

bool svg_oscillator(const json_t *answer, const char *path)
{
    struct point points[POINTS_MAX];
    size_t count = points_of(answer, points);
    if (count == 0) {
        fputs("taictl: no Allan deviation so far: it needs some seconds of a source that is believed\n",
              stderr);
        return false;
    }
    FILE *out = fopen(path, "w");
    bool good = out != NULL;
    if (good) {
        draw(out, points, count);
        good = ferror(out) == 0;
        good = fclose(out) == 0 && good;
    }
    if (!good)
        fprintf(stderr, "taictl: cannot write %s: %s\n", path, strerror(errno));
    return good;
}
