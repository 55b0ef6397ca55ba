/* lib/io/plan_yaml_money.c - planned money, in whole tiyn and never through a float. */
#include "io/plan_reader.h"

#define AMOUNT_DIGITS_MAX 15 /* before the point: no budget is larger, and tiyn still fit */

/* "960.5" with `places` digits behind the point at most, times ten to that power. */
static bool parse_decimal(const char *text, size_t places, int64_t *ret)
{
    size_t whole = strspn(text, "0123456789");
    size_t point = text[whole] == '.' ? 1 : 0;
    size_t behind = point ? strspn(text + whole + 1, "0123456789") : 0;
    if (whole == 0 || whole > AMOUNT_DIGITS_MAX - places + 2 ||
        text[whole + point + behind] != '\0' || behind > places || (point && behind == 0))
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < whole; i++)
        value = value * 10 + (text[i] - '0');
    for (size_t i = 0; i < places; i++)
        value = value * 10 + (i < behind ? text[whole + 1 + i] - '0' : 0);
    *ret = value;
    return true;
}

static void read_amount(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                        const struct esep_yaml_node *node, void *at)
{
    const char *text = esep_plan_scalar(reader, field->key, node);
    int64_t tiyn;
    if (text == NULL)
        return;
    if (parse_decimal(text, (size_t)field->max, &tiyn))
        memcpy(at, &tiyn, sizeof tiyn);
    else
        esep_complain(reader->complaints, node,
                      "\"%s\" is \"%.40s\": write digits and a point, at most %d places behind it, "
                      "without spaces or commas",
                      field->key, text, (int)field->max);
}

#define MONEY(member) offsetof(Esep__V1__PlannedMoney, member)
static const struct esep_plan_field money_fields[] = {
    {"year", false, esep_plan_read_uint, MONEY(year), 1, 9999, NULL},
    {"source", true, esep_plan_read_line, MONEY(source), 0, ESEP_PLAN_LINE_MAX, NULL},
    {"programme", false, esep_plan_read_line, MONEY(programme), 0, ESEP_PLAN_LINE_MAX, NULL},
    {"thousand_tenge", false, read_amount, MONEY(amount_tiyn), 0, 5, NULL},
    {"tenge", false, read_amount, MONEY(amount_tiyn), 0, 2, NULL},
    {"within_allotted", false, esep_plan_read_bool, MONEY(within_allotted), 0, 0, NULL},
};

static void check_money(struct esep_plan_reader *reader, const Esep__V1__PlannedMoney *money,
                        const struct esep_yaml_node *item)
{
    static const char *const amounts[] = {"thousand_tenge", "tenge", "within_allotted"};
    int given = 0;
    for (size_t i = 0; i < 3; i++)
        given += esep_yaml_get(item, amounts[i]) != NULL;
    if (given != 1)
        esep_complain(reader->complaints, item,
                      "money needs exactly one of thousand_tenge, tenge and within_allotted");
    const struct esep_yaml_node *allotted = esep_yaml_get(item, "within_allotted");
    if (allotted != NULL && strcmp(esep_yaml_scalar(allotted), "false") == 0)
        esep_complain(reader->complaints, allotted,
                      "leave \"within_allotted\" out where it is not so");
    const Esep__V1__Plan *plan = reader->plan;
    if (reader->years_known && money->year != 0 &&
        (money->year < (int32_t)plan->first_year || money->year > (int32_t)plan->last_year))
        esep_complain(reader->complaints, esep_plan_at(item, "year"),
                      "the year %d is not one of the plan's, %u to %u", money->year,
                      plan->first_year, plan->last_year);
}

void esep_plan_read_money(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                          const struct esep_yaml_node *node, void *at)
{
    Esep__V1__Action *action = at;
    size_t count = esep_plan_list(reader, field->key, node, ESEP_PLAN_MONEY_MAX, true);
    action->money = esep_plan_room(reader, (count + 1) * sizeof *action->money);
    for (size_t i = 0; action->money != NULL && i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(node, i);
        Esep__V1__PlannedMoney *money = esep_plan_room(reader, sizeof *money);
        if (money == NULL)
            return;
        esep__v1__planned_money__init(money);
        if (!ESEP_PLAN_FIELDS(reader, "an item of money", item, money_fields, money))
            continue;
        check_money(reader, money, item);
        for (size_t j = 0; j < action->n_money; j++) {
            const Esep__V1__PlannedMoney *other = action->money[j];
            if (other->year == money->year && strcmp(other->source, money->source) == 0 &&
                strcmp(other->programme, money->programme) == 0)
                esep_complain(reader->complaints, item,
                              "the same year, source and programme stand in an item before");
        }
        action->money[action->n_money++] = money;
    }
}
