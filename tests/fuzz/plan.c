/* tests/fuzz/plan.c - a plan file by somebody who means harm, or has never seen YAML.
 *
 * Properties: a plan comes out exactly where nobody complained; each complaint has a place and
 * words that a terminal can show; a refusal has a reason.
 */
#include "fuzz.h"
#include "io/plan_yaml.h"
#include "wire/unpack.h"

static void check_complaints(const struct esep_complaints *complaints)
{
    for (size_t i = 0; i < complaints->count && i < ESEP_COMPLAINTS_MAX; i++) {
        const struct esep_complaint *item = &complaints->items[i];
        FUZZ_CHECK(item->line >= 1 && item->column >= 1);
        FUZZ_CHECK(item->text[0] != '\0' && strlen(item->text) < sizeof item->text);
        FUZZ_CHECK(esep_utf8_valid(esep_slice_str(item->text)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct esep_complaints complaints;
    struct esep_reason reason = {.text = ""};
    static struct esep_arena arena;
    Esep__V1__Plan *plan = NULL;
    fuzz_arena(&arena, (size_t)1 << 20);
    enum esep_status status =
        esep_plan_parse("fuzz.yaml", esep_slice(data, size), &arena, &plan, &complaints, &reason);
    check_complaints(&complaints);
    if (status == ESEP_OK) {
        FUZZ_CHECK(complaints.count == 0 && plan != NULL);
        FUZZ_CHECK(plan->n_bodies > 0 && plan->n_actions > 0 && plan->rules != NULL);
    } else {
        FUZZ_CHECK(plan == NULL && reason.text[0] != '\0');
        FUZZ_CHECK(status != ESEP_INVALID || complaints.count > 0);
    }
    return 0;
}
