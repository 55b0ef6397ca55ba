/* tests/unit/collector_shell/export_doc_test.c - what does the consolidated report say, in three
 * languages, on each of the five axes? */
#include "export_world.h"

#include <stdlib.h>

static void says_all(const char *const *words, enum export_language language)
{
    struct export_world w;
    export_world_begin(&w);
    struct export_request request = export_world_request(EXPORT_DOCX, language);
    char *text = export_world_text(&w, &request);
    for (; *words != NULL; words++)
        assert_says(text, *words);
    free(text);
    export_world_end(&w);
}

static void in_english(void **state)
{
    (void)state;
    static const char *const words[] = {
        "title: Consolidated report for 2013\n",
        "# Consolidated report for 2013\np: Small plan\nPlan = p, revision 0\n",
        "Secretariat = MoJ\n", "Data as of = 2014-02-01 12:00\n", " entries, head hash ",
        /* the lead: the accepted revision, and that a newer one came */
        "### 1. Hotline\nForm of completion = Information\nLead = MoJ\nCo-executors = MoH, Akmola\n"
        "Period = 1st half of 2013\nFinancing = budget\nApproved in the plan = republican budget "
        "001: "
        "en:96000000 ₸ (2013); local budgets: within allotted funds (for the whole plan)\n",
        "#### Lead: MoJ\nWindow = 1st half of 2013\nDue = 2013-06-30 23:59\nTimeliness = on time\n"
        "Fulfilment = in progress\nPercent = 80%\nReport = accepted; revision 1, log entry ",
        "note: A report that came after it is not accepted yet.\n",
        "p: The line\nworks day and night\n",
        "| calls | women | decimal 1250.5 | pcs | decimal 1000 \n",
        "| republican budget | 001 | tiyn 96000000 | tiyn 90000050 | tiyn 1 \n",
        "| local budgets |  | within allotted funds |  |  \n",
        "p: The report cites\n* MoH; 1. Hotline; revision 1, log entry ",
        "Obstacles = =HYPERLINK(\"x\")\nReasons for delay = none so far\nNext steps = a second "
        "line\n"
        "Signed by = A. Signer, deputy; outgoing no. 12-3/45\nMarking = for official use\n",
        /* who helped: 100 %, no data; which revision is cited */
        "| MoH | executed | pct 100 | received, not reviewed | on time | on control | yes, "
        "revision "
        "1 \n",
        "| Akmola | in progress | no data | received, not reviewed | on time | extended | no \n",
        "#### Co-executor: Akmola\nWindow = 1st half of 2013\n"
        "Due = 2013-09-30 23:59 (extended, originally 2013-06-30 23:59)\n",
        /* 0 %, late, returned, both clocks */
        "Due = 2013-03-31 23:59\nTimeliness = late\nClocks = first report received 2013-04-05 "
        "09:30; "
        "written by the office's clock 2013-04-05 08:00\nFulfilment = not started\nPercent = 0%\n"
        "Report = returned; ",
        "note: To come back by 2013-04-20.\n",
        /* upon agreement, not applicable */
        "| Court (upon agreement) | not applicable | not applicable | ",
        /* the promise that saves the annual information */
        "Timeliness = on time\nClocks = counts from 2014-01-20 20:00 (receipt of the commitment); "
        "first report received 2014-01-22 08:00; written by the office's clock 2014-01-22 06:30\n",
        /* totals: bound and upon agreement apart */
        "| Fulfilment | count 4 | count 3 | count 1 | count 0 | count 0 | 75.0% (3 of 4) | 100.0% "
        "(4 "
        "of 4) \n",
        "| Annual information | count 3 | count 1 | count 0 | count 2 | count 0 | 33.3% (1 of 3) | "
        "33.3% (1 of 3) \n",
        "| Consolidated report | count 1 | count 0 | count 0 | count 0 | count 1 | – | 0.0% (0 of "
        "1) \n",
        "| Total | count 8 | count 4 | count 1 | count 2 | count 1 | 57.1% (4 of 7) | 62.5% (5 of "
        "8) \n",
        "| Total | count 2 | count 1 | count 0 | count 1 | count 0 | 50.0% (1 of 2) | 50.0% (1 of "
        "2) \n",
        /* what the leads' chosen reports say: one in progress, one not started */
        "| in progress | count 1 \n| not started | count 1 \n",
        /* lists */
        "## Came late\ntable: ; Bodies that must report\n| Action",
        "| 2. Shelter | Akmola | day 2013-03-31 | 5 days | on control | instant "
        "2013-04-05T03:30:00Z \n",
        "## Overdue: nothing came\n",
        "| Annual information | Akmola | day 2014-01-20 | 12 days | removed from control \n",
        "| Annual information | Court (upon agreement) | day 2014-01-20 | 12 days | on control "
        "\n",
        /* money: the lead's alone */
        "## Money, tenge\n",
        "| republican budget | tiyn 96000000 | tiyn 90000050 | tiyn 1 | count 0 \n",
        "foot: Data as of 2014-02-01 12:00. Log: ", NULL};
    says_all(words, EXPORT_EN);
}

static void in_russian(void **state)
{
    (void)state;
    static const char *const words[] = {
        "language: ru\ntitle: Сводная информация за 2013 год\n",
        "# Сводная информация за 2013 год\np: Малый план\n",
        "### 1. Горячая линия\nФорма завершения = Информация\nВедущий исполнитель = МЮ\n",
        "Срок исполнения = 1-е полугодие 2013 года (в плане: «1st half of 2013»)\n",
        "Исполнение = исполняется\nПроцент = 80 %\nОтчёт = принят; редакция 1, запись журнала № ",
        "Процент = 0 %\nОтчёт = возвращён; ",
        "| МЗ | исполнено | pct 100 | получен, не рассмотрен | в срок | на контроле | да, редакция "
        "1 \n",
        "| Суд (по согласованию) | не применимо | не применимо | ",
        "| Акмола | исполняется | нет данных | ",
        "| 5 дней | на контроле | instant ",
        "75,0 % (3 из 4)",
        "## Представлены с опозданием\n",
        "## Срок истёк, не представлены\n",
        "местные бюджеты |  | в пределах выделенных средств",
        NULL};
    says_all(words, EXPORT_RU);
}

static void in_kazakh(void **state)
{
    (void)state;
    static const char *const words[] = {
        "language: kk\ntitle: 2013 жылғы жиынтық ақпарат\n",
        "### 1. Жедел желі\nАяқталу нысаны = Ақпарат\nЖауапты орындаушы = ӘМ\n",
        "Орындау мерзімі = 2013 жылғы 1-жартыжылдық (жоспарда: «1st half of 2013»)\n",
        "Орындалуы = орындалуда\nПайызы = 80 %\nЕсеп = қабылданды; 1-редакция, журналдағы жазба № ",
        "| ДСМ | орындалды | pct 100 | алынды, қаралған жоқ | уақтылы | бақылауда | иә, 1-редакция "
        "\n",
        "| Сот (келісім бойынша) | қолданылмайды | қолданылмайды | ",
        "| Ақмола | орындалуда | дерек жоқ | ",
        "| 5 күн | бақылауда | instant ",
        "75,0 % (3/4)",
        "## Кешігіп берілгендер\n",
        NULL};
    says_all(words, EXPORT_KK);
}

static void a_year_is_told_alone(void **state)
{
    (void)state;
    struct export_world w;
    export_world_begin(&w);
    struct export_request request = export_world_request(EXPORT_DOCX, EXPORT_EN);
    request.year = 2014;
    char *text = export_world_text(&w, &request);
    assert_says(text, "### 2. Shelter\n");
    assert_says_not(text, "Hotline");
    assert_says(text, "p: No report came.\nWindow = 1st quarter of 2014\n");
    assert_says(text, "p: No report came late.\n");
    assert_says(text, "p: Nothing is overdue.\n");
    free(text);
    export_world_end(&w);
}

/* The text of a world that a test has made by itself. */
static char *told(struct export_world *w)
{
    struct export_request request = export_world_request(EXPORT_DOCX, EXPORT_EN);
    return export_world_text(w, &request);
}

static void end_moh(Esep__V1__Plan *plan)
{
    export_world_names(plan);
    plan->bodies[1]->valid_to_day = world_day("2013-12-01");
    plan->bodies[1]->successor = plan->bodies[0]->code;
}

static void a_successor_is_named(void **state)
{
    (void)state;
    struct export_world w;
    export_world_empty(&w, end_moh);
    char *text = told(&w);
    assert_says(text,
                "| MoH (now MoJ) | no data | no data | nothing came | overdue | on control | –");
    free(text);
    export_world_end(&w);
}

static void what_was_withdrawn_is_not_told(void **state)
{
    (void)state;
    struct export_world w;
    export_world_empty(&w, export_world_names);
    uint32_t moj = world_office(&w.world, "moj");
    w.world.now = world_time("2013-06-01T10:00:00+06:00");
    assert_int_equal(world_plain_report(&w.world, moj, KEY_1_MOJ),
                     ESEP__V1__VERDICT__VERDICT_TAKEN);
    uint64_t index = w.world.last_index;
    assert_int_equal(world_review(&w.world, KEY_1_MOJ, index, true, NULL), ESEP_OK);
    char *text = told(&w);
    assert_says(text, "Report = accepted; revision 1, ");
    assert_says(text, "p: done so far\n");
    free(text);
    assert_int_equal(world_withdraw(&w.world, moj, KEY_1_MOJ, index),
                     ESEP__V1__VERDICT__VERDICT_TAKEN);
    text = told(&w);
    assert_says(text, "Report = withdrawn\n");
    assert_says_not(text, "done so far");
    free(text);
    export_world_end(&w);
}

static void a_conflict_is_shown(void **state)
{
    (void)state;
    struct export_world w;
    export_world_empty(&w, export_world_names);
    uint32_t one = world_office(&w.world, "moj");
    uint32_t two = world_office(&w.world, "moj");
    w.world.now = world_time("2013-06-01T10:00:00+06:00");
    assert_int_equal(world_plain_report(&w.world, one, KEY_1_MOJ),
                     ESEP__V1__VERDICT__VERDICT_TAKEN);
    assert_int_equal(world_plain_report(&w.world, two, KEY_1_MOJ),
                     ESEP__V1__VERDICT__VERDICT_CONFLICT);
    char *text = told(&w);
    assert_says(text, "note: Standing side by side: 2 reports; the body must settle the "
                      "conflict.\n");
    char newest[64];
    (void)snprintf(newest, sizeof newest, "log entry %llu, ",
                   (unsigned long long)w.world.last_index);
    assert_says(text, newest);
    free(text);
    export_world_end(&w);
}

static bool stop(void *context, bool writing, uint64_t done, uint64_t all)
{
    bool *when = context;
    (void)done;
    (void)all;
    return writing != *when;
}

static void refusals_say_what_there_is(void **state)
{
    (void)state;
    struct export_world w;
    struct esep_reason reason = {""};
    export_world_begin(&w);
    FILE *out = tmpfile();
    struct export_request request = export_world_request(EXPORT_DOCX, EXPORT_EN);
    request.year = 2012;
    assert_int_equal(export_write(&w.source, &request, out, &reason), ESEP_NOT_FOUND);
    assert_says(reason.text, "no plan has the year 2012");
    request.plan = "p";
    assert_int_equal(export_write(&w.source, &request, out, &reason), ESEP_NOT_FOUND);
    assert_says(reason.text, "plan p has the years 2013 to 2014, not 2012");
    request.plan = "q";
    assert_int_equal(export_write(&w.source, &request, out, &reason), ESEP_NOT_FOUND);
    assert_says(reason.text, "no plan 'q' here");
    request = export_world_request(EXPORT_DOCX, EXPORT_EN);
    request.bytes_max = 2000;
    assert_int_equal(export_write(&w.source, &request, out, &reason), ESEP_LIMIT);
    request.bytes_max = 100;
    assert_int_equal(export_write(&w.source, &request, out, &reason), ESEP_LIMIT);
    for (int writing = 0; writing < 2; writing++) {
        bool when = writing;
        request = export_world_request(EXPORT_PDF, EXPORT_EN);
        request.progress = stop;
        request.progress_context = &when;
        assert_int_equal(export_write(&w.source, &request, out, &reason), ESEP_AGAIN);
    }
    assert_int_equal(ftell(out), 0);
    assert_int_equal(fclose(out), 0);
    export_world_end(&w);
}

static void periods_are_written_as_people_say_them(void **state)
{
    (void)state;
    static const struct {
        const char *start, *end, *kk, *ru, *en;
    } cases[] = {
        {"2013-01-01", "2013-12-31", "2013 жыл", "2013 год", "2013"},
        {"2013-07-01", "2013-12-31", "2013 жылғы 2-жартыжылдық", "2-е полугодие 2013 года",
         "2nd half of 2013"},
        {"2012-10-01", "2012-12-31", "2012 жылғы 4-тоқсан", "4 квартал 2012 года",
         "4th quarter of 2012"},
        {"2012-02-01", "2012-02-29", "2012 жылғы ақпан", "февраль 2012 года", "February 2012"},
        {"2012-01-01", "2013-12-31", "2012–2013 жылдар", "2012–2013 годы", "2012–2013"},
        {"2012-10-01", "2013-12-31", "2012-10-01 – 2013-12-31", "2012-10-01 – 2013-12-31",
         "2012-10-01 – 2013-12-31"},
        {"2013-02-01", "2013-02-27", "2013-02-01 – 2013-02-27", "2013-02-01 – 2013-02-27",
         "2013-02-01 – 2013-02-27"},
        {"2013-02-01", "2013-04-30", "2013-02-01 – 2013-04-30", "2013-02-01 – 2013-04-30",
         "2013-02-01 – 2013-04-30"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[EXPORT_SHORT];
        const struct esep_window window = {world_day(cases[i].start), world_day(cases[i].end)};
        assert_string_equal(export_window(EXPORT_KK, &window, text), cases[i].kk);
        assert_string_equal(export_window(EXPORT_RU, &window, text), cases[i].ru);
        assert_string_equal(export_window(EXPORT_EN, &window, text), cases[i].en);
    }
}

static void plurals_are_right(void **state)
{
    (void)state;
    char text[EXPORT_SHORT];
    assert_string_equal(export_counted(EXPORT_RU, NOUN_ENTRY, 1, text), "1 запись");
    assert_string_equal(export_counted(EXPORT_RU, NOUN_ENTRY, 22, text), "22 записи");
    assert_string_equal(export_counted(EXPORT_RU, NOUN_ENTRY, 112, text), "112 записей");
    assert_string_equal(export_counted(EXPORT_RU, NOUN_DAY, 1021, text), "1\u00a0021 день");
    assert_string_equal(export_counted(EXPORT_EN, NOUN_ENTRY, 1234567, text), "1,234,567 entries");
    assert_string_equal(export_counted(EXPORT_EN, NOUN_REPORT, 1, text), "1 report");
    assert_string_equal(export_counted(EXPORT_KK, NOUN_OBLIGATION, 5, text), "5 міндет");
}

static void every_word_is_there_in_each_language(void **state)
{
    (void)state;
    for (int word = 0; word < WORDS; word++)
        for (int l = 0; l < EXPORT_LANGUAGES; l++) {
            const char *said = export_word((enum export_language)l, (enum export_word)word);
            if (said == NULL || said[0] == 0)
                fail_msg("word %d has nothing in %s", word,
                         export_language_code((enum export_language)l));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_english),
        cmocka_unit_test(in_russian),
        cmocka_unit_test(in_kazakh),
        cmocka_unit_test(a_year_is_told_alone),
        cmocka_unit_test(a_successor_is_named),
        cmocka_unit_test(what_was_withdrawn_is_not_told),
        cmocka_unit_test(a_conflict_is_shown),
        cmocka_unit_test(refusals_say_what_there_is),
        cmocka_unit_test(periods_are_written_as_people_say_them),
        cmocka_unit_test(plurals_are_right),
        cmocka_unit_test(every_word_is_there_in_each_language),
    };
    return esep_crypto_init() == ESEP_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
