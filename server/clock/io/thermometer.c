/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/thermometer.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ZERO_CELSIUS_MK = 273150, COLDEST_MC = -60000, HOTTEST_MC = 150000, UK_PER_MK = 1000 };

/* Beginnings of drivers' and zones' names, nearest to the board's air first. What is not in it ranks before the processors. */
static const char *const board[] = {"nct", "it8", "w83", "f71", "jc42", "spd5118", "pch", "acpitz"};
static const char *const processor[] = {"coretemp", "k10temp", "k8temp", "zenpower", "x86_pkg",
                                        "cpu",      "soc",     "gpu",    "amdgpu"};
/* Of disks: each reading is a command to the disk, and one that hangs would hold the loop. They are not read at all. */
static const char *const disk[] = {"nvme", "drivetemp"};

static bool begins_with_any(const char *name, const char *const *beginnings, size_t count, int *ret_index)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) {
            *ret_index = (int)i;
            return true;
        }
    return false;
}

/* Smaller is better. */
static int rank(const char *name)
{
    enum { OTHER = 100, PROCESSOR = 200 };
    int i;
    if (begins_with_any(name, board, sizeof board / sizeof *board, &i))
        return i;
    if (begins_with_any(name, processor, sizeof processor / sizeof *processor, &i))
        return PROCESSOR + i;
    return OTHER;
}

/* The first line of a small file, without its LF; false where it cannot be read. */
static bool read_line(const char *path, char *ret_line, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, ret_line, cap - 1);
    close(fd);
    if (n <= 0)
        return false;
    ret_line[n] = 0;
    ret_line[strcspn(ret_line, "\n")] = 0;
    return true;
}

static bool read_celsius(const char *path, int64_t *ret_mc)
{
    char line[32], *end;
    if (!read_line(path, line, sizeof line))
        return false;
    long v = strtol(line, &end, 10);
    if (end == line || *end != 0 || v < COLDEST_MC || v > HOTTEST_MC)
        return false;
    *ret_mc = v;
    return true;
}

struct search {
    int rank;
    struct thermometer *best;
};

static void consider(struct search *search, const char *name, const char *sensor, const char *path)
{
    char full[THERMOMETER_NAME_MAX];
    int64_t mc;
    int mine = rank(name), i;
    if (begins_with_any(name, disk, sizeof disk / sizeof *disk, &i))
        return;
    int len = snprintf(full, sizeof full, "%s %s", name, sensor);
    if (len < 0 || (size_t)len >= sizeof full || strlen(path) >= THERMOMETER_PATH_MAX || mine > search->rank)
        return;
    bool better = search->best->path[0] == 0 || mine < search->rank || strcmp(full, search->best->name) < 0;
    if (!better || !read_celsius(path, &mc))
        return;
    search->rank = mine;
    memcpy(search->best->name, full, (size_t)len + 1);
    memcpy(search->best->path, path, strlen(path) + 1);
}

/* "temp3_input" */
static bool is_input(const char *file)
{
    size_t len = strlen(file);
    return strncmp(file, "temp", 4) == 0 && len > 10 && strcmp(file + len - 6, "_input") == 0;
}

static void look_into(struct search *search, const char *folder, bool zones)
{
    char path[2 * THERMOMETER_PATH_MAX], name[THERMOMETER_NAME_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, zones ? "type" : "name");
    if (!read_line(path, name, sizeof name))
        return;
    if (zones) {
        snprintf(path, sizeof path, "%s/temp", folder);
        consider(search, name, "zone", path);
        return;
    }
    DIR *d = opendir(folder);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        if (!is_input(e->d_name))
            continue;
        int len = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (len > 0 && (size_t)len < sizeof path)
            consider(search, name, e->d_name, path);
    }
    if (d != NULL)
        closedir(d);
}

static void look_through(struct search *search, const char *class_folder, const char *class, bool zones)
{
    char path[THERMOMETER_PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s", class_folder, class);
    if (len < 0 || (size_t)len >= sizeof path)
        return;
    DIR *d = opendir(path);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        len = snprintf(path, sizeof path, "%s/%s/%s", class_folder, class, e->d_name);
        if (e->d_name[0] != '.' && len > 0 && (size_t)len < sizeof path)
            look_into(search, path, zones);
    }
    if (d != NULL)
        closedir(d);
}

void thermometer_open(const char *class_folder, struct thermometer *ret_thermometer)
{
    *ret_thermometer = (struct thermometer){.has_mean = false};
    struct search search = {1 << 30, ret_thermometer};
    look_through(&search, class_folder, "hwmon", false);
    look_through(&search, class_folder, "thermal", true);
}

struct holdover_temperature thermometer_read(struct thermometer *thermometer)
{
    int64_t mc;
    if (thermometer->path[0] == 0 || !read_celsius(thermometer->path, &mc))
        return (struct holdover_temperature){.known = false};
    int64_t uk = (mc + ZERO_CELSIUS_MK) * UK_PER_MK;
    if (thermometer->has_mean)
        thermometer->mean_uk += (uk - thermometer->mean_uk) / THERMOMETER_MEAN_S;
    else
        thermometer->mean_uk = uk;
    thermometer->has_mean = true;
    return (struct holdover_temperature){true, thermometer->mean_uk / UK_PER_MK};
}
