/* collector/alert_text.c - see alert_text.h. Every sentence is in one table, a row for each thing
 * that can be said, a column for each language, so that a translator sees them together. */
#include "collector/alert_text.h"

#include "wire/unpack.h"

#include <stdio.h>
#include <string.h>

enum language { KK, RU, EN, LANGUAGES };
static const char *const codes[LANGUAGES] = {"kk", "ru", "en"};

enum sentence {
    SAY_SUBJECT,  /* plan, body, count */
    SAY_GREETING, /* plan title, body name */
    SAY_DUE_SOON, /* days as text */
    SAY_DUE_TODAY,
    SAY_OVERDUE,
    SAY_STILL_OVERDUE, /* days as text */
    SAY_SILENT,        /* office, last seen */
    SAY_NEVER_SEEN,    /* office */
    SAY_ACTION,        /* number, title */
    SAY_ANNUAL,        /* year */
    SAY_CONSOLIDATED,  /* year */
    SAY_REGIONAL,
    SAY_DUE, /* instant */
    SAY_FOOTER,
    SAY_ALARM_SUBJECT, /* witness */
    SAY_WITNESS_AHEAD, /* witness, size */
    SAY_WITNESS_BACK,  /* likewise */
    SAY_WITNESS_SPLIT, /* likewise */
    SAY_WITNESS_FALSE, /* witness */
    SAY_WITNESS_CLOCK, /* witness */
    SAY_IN_THE_LOG,    /* instant, text */
    SENTENCES
};

static const char *const sentences[SENTENCES][LANGUAGES] = {
    [SAY_SUBJECT] = {"Есеп: %s, %s: %s", "Есеп: %s, %s: %s", "Esep: %s, %s: %s"},
    [SAY_GREETING] = {"Жоспар: %s\nОрган: %s\n", "План: %s\nОрган: %s\n", "Plan: %s\nBody: %s\n"},
    [SAY_DUE_SOON] = {"Мерзіміне %s қалды", "До срока: %s", "Due in %s"},
    [SAY_DUE_TODAY] = {"Мерзімі бүгін", "Срок сегодня", "Due today"},
    [SAY_OVERDUE] = {"Мерзімі өтті", "Срок истёк", "Overdue"},
    [SAY_STILL_OVERDUE] = {"Мерзімі өткеніне %s", "Просрочено: %s", "Overdue for %s"},
    [SAY_SILENT] = {"%u-кеңсе байланысқа шықпай тұр, соңғы рет: %s",
                    "Рабочее место № %u не выходит на связь, последний раз: %s",
                    "Office %u is silent; last seen %s"},
    [SAY_NEVER_SEEN] = {"%u-кеңсе әлі бірде-бір рет байланысқа шыққан жоқ",
                        "Рабочее место № %u ещё ни разу не выходило на связь",
                        "Office %u has never been seen"},
    [SAY_ACTION] = {"%s-іс-шара. %s", "Мероприятие %s. %s", "Action %s. %s"},
    [SAY_ANNUAL] = {"%d жылғы орындалу туралы ақпарат", "Информация об исполнении за %d год",
                    "Annual information for %d"},
    [SAY_CONSOLIDATED] = {"%d жылғы жиынтық ақпарат", "Сводная информация за %d год",
                          "Consolidated report for %d"},
    [SAY_REGIONAL] = {"Өңірлік жоспар", "Региональный план", "Regional plan"},
    [SAY_DUE] = {"мерзімі: %s", "срок: %s", "due %s"},
    [SAY_FOOTER] = {"Бұл хабарды Есеп жүйесі жіберді; жауап берудің қажеті жоқ.\n",
                    "Сообщение отправлено системой «Есеп»; отвечать на него не нужно.\n",
                    "Sent by Esep; there is no need to answer.\n"},
    [SAY_ALARM_SUBJECT] = {"Есеп: журнал куәгерінің дабылы: %s",
                           "Есеп: тревога от свидетеля журнала: %s",
                           "Esep: alarm of a witness of the log: %s"},
    [SAY_WITNESS_AHEAD] =
        {"Журнал куәгері: %s\nОл осы журналдан бар жазбадан көбін көрген, жазба саны: %llu.\n"
         "Журнал кері кеткен, немесе оның кілтімен басқа біреу қол қояды. Қойма restore "
         "пәрменінсіз орнына қойылды ма және кілт тағы кімде бар, соны тексеріңіз.\n",
         "Свидетель журнала: %s\nОн видел в этом журнале больше записей, чем есть: %llu.\n"
         "Журнал вернулся назад, или его ключом подписывает кто-то ещё. Проверьте, не подменено "
         "ли хранилище без команды restore, и у кого ещё есть ключ.\n",
         "Witness of the log: %s\nIt has seen more entries of this log than there are: %llu.\n"
         "The log went back, or somebody else signs with its key. See whether the store was put "
         "back without restore, and who else has the key.\n"},
    [SAY_WITNESS_BACK] =
        {"Журнал куәгері: %s\nОл бұрын қол қойғанынан азын көрген, жазба саны: %llu. Ол өз "
         "қоймасын жоғалтқан: оны жүргізетін адамға хабарлаңыз.\n",
         "Свидетель журнала: %s\nОн видел меньше записей, чем сам заверил: %llu. Он потерял своё "
         "хранилище: сообщите тому, кто его ведёт.\n",
         "Witness of the log: %s\nIt has seen fewer entries than it cosigned: %llu. It has lost "
         "its store: tell who runs it.\n"},
    [SAY_WITNESS_SPLIT] =
        {"Журнал куәгері: %s\nОл осы журналдың басқа тарихын көрген, жазба саны: %llu.\n"
         "Қойманы сол күйінде сақтап, log verify пәрменін орындаңыз және куәгердің иесінен ол "
         "сақтаған қолтаңбаны сұраңыз.\n",
         "Свидетель журнала: %s\nОн видел другую историю этого журнала, записей: %llu.\n"
         "Сохраните хранилище как есть, выполните log verify и попросите у владельца свидетеля "
         "подпись, которую тот хранит.\n",
         "Witness of the log: %s\nIt has seen another history of this log, of %llu entries.\n"
         "Keep the store as it is, run log verify, and ask who runs the witness for the signed "
         "head that it keeps.\n"},
    [SAY_WITNESS_FALSE] =
        {"Журнал куәгері: %s\nОл өзіне көрсетілгенге емес, басқаға қол қойды. Оның қолтаңбасы "
         "есептелмейді: оны жүргізетін адамға хабарлаңыз.\n",
         "Свидетель журнала: %s\nОн подписал не то, что ему показали. Его подпись не считается: "
         "сообщите тому, кто его ведёт.\n",
         "Witness of the log: %s\nIt signed something else than it was shown. Its signature does "
         "not count: tell who runs it.\n"},
    [SAY_WITNESS_CLOCK] =
        {"Журнал куәгері: %s\nОл қол қойған сағат біздікінен алшақ: екі сағатты да тексеріңіз.\n",
         "Свидетель журнала: %s\nЧас в его подписи далёк от нашего: проверьте часы с обеих "
         "сторон.\n",
         "Witness of the log: %s\nIt signs with an hour that is far from ours: look at both "
         "clocks.\n"},
    [SAY_IN_THE_LOG] = {"\nЖурналда: %s, %s\n", "\nВ журнале: %s, %s\n", "\nIn the log: %s, %s\n"},
};

enum noun { NOUN_DAY, NOUN_NOTICE, NOUNS };
/* one, few, many; Kazakh has one form behind a number, English two. */
static const char *const nouns[NOUNS][LANGUAGES][3] = {
    [NOUN_DAY] = {{"%u күн", "%u күн", "%u күн"},
                  {"%u день", "%u дня", "%u дней"},
                  {"%u day", "%u days", "%u days"}},
    [NOUN_NOTICE] = {{"%u ескерту", "%u ескерту", "%u ескерту"},
                     {"%u напоминание", "%u напоминания", "%u напоминаний"},
                     {"%u notice", "%u notices", "%u notices"}},
};

static size_t plural(enum language language, uint32_t n)
{
    if (language != RU)
        return n == 1 ? 0 : 1;
    if (n % 10 == 1 && n % 100 != 11)
        return 0;
    return n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14) ? 1 : 2;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* formats come from the tables above */

static const char *counted(enum noun noun, enum language language, uint32_t n, char out[64])
{
    (void)snprintf(out, 64, nouns[noun][language][plural(language, n)], n);
    return out;
}

static enum esep_status say(struct esep_buf *out, enum language language, enum sentence which, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, which);
    int len = vsnprintf(text, sizeof text, sentences[which][language], arguments);
    va_end(arguments);
    size_t bytes = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    /* A cut in the middle of a letter would not be UTF-8: back to where that letter begins. */
    while (len >= (int)sizeof text && bytes > 0 && !esep_utf8_valid(esep_slice(text, bytes)))
        bytes--;
    return esep_buf_put(out, text, bytes);
}

#pragma GCC diagnostic pop

static enum esep_status put(struct esep_buf *out, const char *text)
{
    return esep_buf_put(out, text, strlen(text));
}

static const char *instant(esep_time at, const struct esep_zone *zone, char out[32])
{
    esep_time_format(at, zone, out);
    out[10] = ' '; /* 2013-06-30 23:59:59+06:00 reads better in a letter */
    return out;
}

static enum esep_status say_kind(struct esep_buf *out, enum language language,
                                 const Esep__V1__AlertItem *item, const struct esep_zone *zone)
{
    char number[64];
    char when[32];
    switch (item->kind) {
    case ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_SOON:
        return say(out, language, SAY_DUE_SOON,
                   counted(NOUN_DAY, language, item->days_left, number));
    case ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_TODAY:
        return say(out, language, SAY_DUE_TODAY);
    case ESEP__V1__ALERT_KIND__ALERT_KIND_OVERDUE:
        return say(out, language, SAY_OVERDUE);
    case ESEP__V1__ALERT_KIND__ALERT_KIND_STILL_OVERDUE:
        return say(out, language, SAY_STILL_OVERDUE,
                   counted(NOUN_DAY, language, item->weeks * 7, number));
    case ESEP__V1__ALERT_KIND__ALERT_KIND_SILENT:
        if (item->seen_at_us == 0)
            return say(out, language, SAY_NEVER_SEEN, item->office);
        return say(out, language, SAY_SILENT, item->office, instant(item->seen_at_us, zone, when));
    default:
        return put(out, collector_alert_kind_name(item->kind));
    }
}

static enum esep_status say_what(struct esep_buf *out, enum language language,
                                 const struct views *views, const struct views_obligation *o)
{
    const Esep__V1__Plan *plan = views_plan(views, o->plan_no);
    int year = esep_civil_from_day(o->made.window.start).year;
    switch (o->made.kind) {
    case ESEP_OBLIGATION_ANNUAL:
        return say(out, language, SAY_ANNUAL, year);
    case ESEP_OBLIGATION_CONSOLIDATED:
        return say(out, language, SAY_CONSOLIDATED, year);
    case ESEP_OBLIGATION_REGIONAL_PLAN:
        return say(out, language, SAY_REGIONAL);
    case ESEP_OBLIGATION_FULFILMENT:
    default: {
        if (plan == NULL || o->made.action < 0 || (size_t)o->made.action >= plan->n_actions)
            return put(out, o->made.key);
        const Esep__V1__Action *action = plan->actions[o->made.action];
        return say(out, language, SAY_ACTION, action->number,
                   esep_text(action->title, codes[language]));
    }
    }
}

static enum esep_status say_item(struct esep_buf *out, enum language language,
                                 const struct views *views, const Esep__V1__AlertItem *item)
{
    const struct views_obligation *o = views_obligation_by_key(views, item->obligation);
    const struct esep_zone *zone = o != NULL ? views_plan_zone(views, o->plan_no) : NULL;
    char when[32];
    enum esep_status status = put(out, "\n* ");
    if (status == ESEP_OK)
        status = say_kind(out, language, item, zone);
    if (status == ESEP_OK && item->kind == ESEP__V1__ALERT_KIND__ALERT_KIND_SILENT)
        return put(out, "\n");
    if (status == ESEP_OK)
        status = put(out, "\n  ");
    if (status == ESEP_OK)
        status = o != NULL ? say_what(out, language, views, o) : put(out, item->obligation);
    if (status == ESEP_OK)
        status = put(out, "\n  ");
    if (status == ESEP_OK)
        status = say(out, language, SAY_DUE, instant(item->due_us, zone, when));
    if (status == ESEP_OK)
        status = put(out, "\n  ");
    if (status == ESEP_OK)
        status = put(out, item->obligation);
    return status == ESEP_OK ? put(out, "\n") : status;
}

static const Esep__V1__Plan *plan_named(const struct views *views, const char *id)
{
    const Esep__V1__Plan *found = NULL;
    for (uint32_t i = 0; i < views_plan_count(views); i++) {
        const Esep__V1__Plan *plan = views_plan(views, i);
        if (plan != NULL && strcmp(plan->id, id) == 0)
            found = plan; /* the newest revision comes last */
    }
    return found;
}

static enum language language_of(const char *code)
{
    for (enum language l = KK; l < LANGUAGES; l++)
        if (strcmp(codes[l], code) == 0)
            return l;
    return EN;
}

enum esep_status collector_alert_text(const struct views *views, const Esep__V1__Alert *alert,
                                      const char *language, struct esep_buf *ret_subject,
                                      struct esep_buf *ret_text)
{
    const enum language in = language_of(language);
    const Esep__V1__Plan *plan = plan_named(views, alert->plan);
    int place = plan != NULL ? esep_body_find(plan, alert->body) : -1;
    const Esep__V1__Body *body = place >= 0 ? plan->bodies[place] : NULL;
    const char *name = body != NULL ? esep_text(body->name, codes[in]) : alert->body;
    const char *brief = body != NULL ? esep_text(body->short_name, codes[in]) : alert->body;
    if (brief[0] == 0)
        brief = name;
    const char *title = plan != NULL ? esep_text(plan->title, codes[in]) : alert->plan;
    char count[64];
    enum esep_status status = say(ret_subject, in, SAY_SUBJECT, alert->plan, brief,
                                  counted(NOUN_NOTICE, in, (uint32_t)alert->n_items, count));
    if (status == ESEP_OK)
        status = say(ret_text, in, SAY_GREETING, title, name);
    for (size_t i = 0; status == ESEP_OK && i < alert->n_items; i++)
        status = say_item(ret_text, in, views, alert->items[i]);
    if (status == ESEP_OK)
        status = put(ret_text, "\n-- \n");
    return status == ESEP_OK ? say(ret_text, in, SAY_FOOTER) : status;
}

const char *collector_alert_kind_name(Esep__V1__AlertKind kind)
{
    static const char *const names[] = {"unspecified", "due_soon",      "due_today",
                                        "overdue",     "still_overdue", "silent"};
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

static const struct {
    const char *name;
    enum sentence sentence; /* of a witness's; else none */
} alarms[] = {
    [ESEP__V1__ALARM_KIND__ALARM_KIND_UNSPECIFIED] = {"unspecified", SENTENCES},
    [ESEP__V1__ALARM_KIND__ALARM_KIND_FORK] = {"fork", SENTENCES},
    [ESEP__V1__ALARM_KIND__ALARM_KIND_BEHIND] = {"behind", SENTENCES},
    [ESEP__V1__ALARM_KIND__ALARM_KIND_BAD_SIGNATURE] = {"bad_signature", SENTENCES},
    [ESEP__V1__ALARM_KIND__ALARM_KIND_OLD_KEY] = {"old_key", SENTENCES},
    [ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_AHEAD] = {"witness_ahead", SAY_WITNESS_AHEAD},
    [ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_BACK] = {"witness_back", SAY_WITNESS_BACK},
    [ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_SPLIT] = {"witness_split", SAY_WITNESS_SPLIT},
    [ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_FALSE] = {"witness_false", SAY_WITNESS_FALSE},
    [ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_CLOCK] = {"witness_clock", SAY_WITNESS_CLOCK},
};

const char *collector_alarm_kind_name(Esep__V1__AlarmKind kind)
{
    return (size_t)kind < sizeof alarms / sizeof *alarms ? alarms[kind].name : alarms[0].name;
}

enum esep_status collector_alarm_text(const Esep__V1__Alarm *alarm, esep_time raised_at,
                                      const char *language, struct esep_buf *ret_subject,
                                      struct esep_buf *ret_text)
{
    const enum language in = language_of(language);
    const bool known = (size_t)alarm->kind < sizeof alarms / sizeof *alarms;
    const enum sentence sentence = known ? alarms[alarm->kind].sentence : SENTENCES;
    char at[32];
    enum esep_status status = say(ret_subject, in, SAY_ALARM_SUBJECT, alarm->witness);
    if (status == ESEP_OK && sentence != SENTENCES)
        status = say(ret_text, in, sentence, alarm->witness, (unsigned long long)alarm->seq);
    if (status == ESEP_OK)
        status = say(ret_text, in, SAY_IN_THE_LOG, instant(raised_at, NULL, at), alarm->text);
    if (status == ESEP_OK)
        status = put(ret_text, "\n-- \n");
    return status == ESEP_OK ? say(ret_text, in, SAY_FOOTER) : status;
}
