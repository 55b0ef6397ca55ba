/* tests/sim/sim_heap.c - time, chance, memory and the trace of a simulated country; see sim.h. */
#include "sim.h"

#include <stdlib.h>

#define CHUNK (1u << 18)

struct chunk {
    struct chunk *next;
    size_t size;
    uint8_t bytes[];
};

void *sim_alloc(struct sim *sim, size_t len)
{
    len = (len + 15) & ~(size_t)15;
    struct chunk *at = sim->chunks;
    if (at == NULL || sim->chunk_used + len > at->size) {
        size_t size = len > CHUNK ? len : CHUNK;
        struct chunk *more = malloc(sizeof *more + size);
        if (more == NULL)
            abort();
        more->next = at;
        more->size = size;
        sim->chunks = at = more;
        sim->chunk_used = 0;
    }
    void *out = at->bytes + sim->chunk_used;
    sim->chunk_used += len;
    return out;
}

struct esep_slice sim_keep(struct sim *sim, struct esep_slice bytes)
{
    uint8_t *copy = sim_alloc(sim, bytes.len + 1);
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    return esep_slice(copy, bytes.len);
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void push(struct sim *sim, struct sim_event *event)
{
    if (sim->heap_count == sim->heap_cap) {
        sim->heap_cap = sim->heap_cap * 2 + 256;
        sim->heap = realloc(sim->heap, sim->heap_cap * sizeof(struct sim_event *));
        if (sim->heap == NULL)
            abort();
    }
    size_t i = sim->heap_count++;
    while (i > 0 && before(event, sim->heap[(i - 1) / 2])) {
        sim->heap[i] = sim->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    sim->heap[i] = event;
}

static struct sim_event *take(struct sim *sim)
{
    struct sim_event *first = sim->heap[0];
    struct sim_event *last = sim->heap[--sim->heap_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= sim->heap_count)
            break;
        if (child + 1 < sim->heap_count && before(sim->heap[child + 1], sim->heap[child]))
            child++;
        if (!before(sim->heap[child], last))
            break;
        sim->heap[i] = sim->heap[child];
        i = child;
    }
    if (sim->heap_count > 0)
        sim->heap[i] = last;
    return first;
}

struct sim_event *sim_after(struct sim *sim, struct sim_node *node, esep_time wait,
                            sim_fire_fn *fire)
{
    struct sim_event *event = calloc(1, sizeof *event);
    if (event == NULL)
        abort();
    event->at = sim->now + (wait > 0 ? wait : 0);
    event->order = ++sim->orders;
    event->fire = fire;
    event->node = node;
    event->generation = node != NULL ? node->generation : 0;
    push(sim, event);
    return event;
}

void sim_event_part(struct sim_event *event, struct esep_slice bytes)
{
    uint8_t *copy = malloc(bytes.len + 1);
    if (copy == NULL)
        abort();
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    event->parts[event->part_count++] = esep_slice(copy, bytes.len);
}

static void event_free(struct sim_event *event)
{
    for (size_t i = 0; i < event->part_count; i++)
        free((void *)(uintptr_t)event->parts[i].data);
    free(event);
}

bool sim_step(struct sim *sim, esep_time until)
{
    if (sim->heap_count == 0 || sim->heap[0]->at > until) {
        sim->now = until;
        return false;
    }
    struct sim_event *event = take(sim);
    sim->now = event->at;
    if (event->node != NULL && event->generation == event->node->generation &&
        sim_paused(sim, event->node)) {
        event->at = event->node->paused_until; /* keeps its place among the others */
        push(sim, event);
        return true;
    }
    sim->steps++;
    if (event->node == NULL || event->generation == event->node->generation)
        event->fire(sim, event);
    event_free(event);
    return true;
}

void sim_heap_done(struct sim *sim)
{
    for (size_t i = 0; i < sim->heap_count; i++)
        event_free(sim->heap[i]);
    free(sim->heap);
    while (sim->chunks != NULL) {
        struct chunk *next = ((struct chunk *)sim->chunks)->next;
        free(sim->chunks);
        sim->chunks = next;
    }
}

uint64_t sim_pick(struct sim *sim, uint64_t bound)
{
    return esep_prng_below(&sim->prng, bound);
}

bool sim_chance(struct sim *sim, uint32_t per_million)
{
    return per_million > 0 && esep_prng_below(&sim->prng, 1000000) < per_million;
}

esep_time sim_between(struct sim *sim, esep_time least, esep_time most)
{
    return least + (esep_time)sim_pick(sim, (uint64_t)(most - least) + 1);
}

void sim_seed_bytes(struct sim *sim, uint8_t out[32])
{
    for (size_t i = 0; i < 4; i++)
        esep_be64_put(out + 8 * i, esep_prng_next(&sim->prng));
}

/* Eight bytes at a time: whatever a change of one bit may become, it does not get lost. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static uint64_t mix_bytes(uint64_t hash, struct esep_slice bytes)
{
    uint64_t word = 0;
    size_t i = 0;
    for (; i + sizeof word <= bytes.len; i += sizeof word) {
        memcpy(&word, bytes.data + i, sizeof word);
        hash = mix(hash, word);
    }
    for (word = bytes.len; i < bytes.len; i++)
        word = word << 8 | bytes.data[i];
    return mix(hash, word);
}

uint32_t sim_print(struct esep_slice bytes)
{
    return (uint32_t)(mix_bytes(1, bytes) >> 16);
}

/* The trace is hashed as what it says, not as the text that says it: most of it is never printed,
 * and formatting it would cost more than what it tells of. */
static void hash_line(struct sim *sim, const struct sim_node *node, const char *format,
                      va_list args)
{
    uint64_t h = mix(sim->trace[0], (uint64_t)sim->now);
    if (node != NULL)
        h = mix_bytes(h, esep_slice_str(node->name));
    for (const char *at = format; (at = strchr(at, '%')) != NULL; at++) {
        at += 1 + strspn(at + 1, "-+ #0123456789.");
        bool wide = *at == 'l' || *at == 'z';
        at += strspn(at, "lzh");
        if (*at == 's')
            h = mix_bytes(h, esep_slice_str(va_arg(args, const char *)));
        else if (strchr("diuxXc", *at) != NULL && *at != '\0')
            h = mix(h, wide ? va_arg(args, uint64_t) : va_arg(args, unsigned));
        else if (*at != '%')
            sim_fail(sim, "the trace cannot hash '%s'", format);
    }
    sim->trace[1] = mix_bytes(sim->trace[1] ^ h, esep_slice_str(format));
    sim->trace[0] = h;
}

static void ESEP_PRINTF(3, 0)
    print_line(const struct sim *sim, const struct sim_node *node, const char *format, va_list args)
{
    char line[640];
    esep_time t = sim->now - sim->start;
    (void)vsnprintf(line, sizeof line, format, args);
    printf("%3d+%02d:%02d:%02d.%06d %-9s %s\n", (int)(t / ESEP_DAY),
           (int)(t % ESEP_DAY / ESEP_HOUR), (int)(t % ESEP_HOUR / ESEP_MINUTE),
           (int)(t % ESEP_MINUTE / ESEP_SECOND), (int)(t % ESEP_SECOND),
           node != NULL ? node->name : "world", line);
}

void sim_trace(struct sim *sim, const struct sim_node *node, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    hash_line(sim, node, format, args);
    va_end(args);
    sim->lines++;
    if (!sim->print)
        return;
    va_start(args, format);
    print_line(sim, node, format, args);
    va_end(args);
}

void sim_fail(struct sim *sim, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sim->failure, sizeof sim->failure, format, args);
    va_end(args);
    sim->failed_check = format;
    if (sim->print)
        printf("FAILED: %s\n", sim->failure);
    (void)fflush(stdout);
    _Exit(SIM_EXIT_FAILED);
}

esep_time sim_monotonic(const struct sim *sim, const struct sim_node *node)
{
    esep_time since = sim->now - sim->start;
    return 1000 * ESEP_SECOND + since + since / 1000000 * node->drift_ppm;
}

esep_time sim_wall(const struct sim *sim, const struct sim_node *node)
{
    return sim->start + sim_monotonic(sim, node) + node->offset;
}

static void on_wake(struct sim *sim, struct sim_event *event)
{
    if (event->a == event->node->wake && event->node->up)
        event->node->on_wake(sim, event);
}

void sim_wake_at(struct sim *sim, struct sim_node *node, esep_time deadline, esep_time now)
{
    esep_time wait =
        deadline == ESEP_TIME_NEVER || deadline - now > ESEP_MINUTE ? ESEP_MINUTE : deadline - now;
    sim_after(sim, node, wait > 0 ? wait : 0, on_wake)->a = ++node->wake;
}
