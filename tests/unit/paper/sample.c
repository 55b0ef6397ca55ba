/* tests/unit/paper/sample.c - see sample.h. */
#include "sample.h"

#include "base/crypto.h"

#include <stdio.h>
#include <stdlib.h>

static const struct words {
    const char *code, *title, *subject, *foot, *page, *chapter, *section, *part, *bullet, *note;
    const char *fact[4], *head[7], *sheet, *caption, *body, *state;
} languages[] = {
    {"kk",
     "Іс-шаралар жоспарының орындалуы туралы жиынтық есеп",
     "2013 жыл",
     "Деректер 10.02.2014 09:00 жағдайы бойынша. Журнал: 10 431 жазба, басы "
     "3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed",
     "%u-бет, барлығы %u",
     "1. Жалпы мәліметтер",
     "1.1. Орындалу нысаны",
     "Кедергілер",
     "Қаржыландыру көлемі 12 %-ға азайды",
     "Ескерту: ілеспе орындаушылардың есептері қосылған",
     {"Кезең", "2012 жылғы 4-тоқсан", "Жауапты орган",
      "Қазақстан Республикасы Ішкі істер министрлігі"},
     {"№", "Орындаушы", "Жоспарланған", "Орындалуы", "Мерзімі", "Түскен уақыты", "Көрсеткіш"},
     "Орындаушылар",
     "Орындаушылар бойынша қорытынды",
     "Әлеуметтік көмек көрсету жөніндегі үлгілік стандарттар әзірленді; Өскемен, Үржар, Һ, Ұлытау.",
     "мерзімінде"},
    {"ru",
     "Сводный отчёт о выполнении плана мероприятий",
     "2013 год",
     "Данные по состоянию на 10.02.2014 09:00. Журнал: 10 431 запись, голова "
     "3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed",
     "стр. %u из %u",
     "1. Общие сведения",
     "1.1. Форма завершения",
     "Препятствия",
     "Объём финансирования уменьшен на 12 %",
     "Примечание: отчёты соисполнителей включены",
     {"Период", "4 квартал 2012 года", "Ответственный орган",
      "Министерство внутренних дел Республики Казахстан"},
     {"№", "Исполнитель", "Запланировано", "Исполнение", "Срок", "Поступил", "Показатель"},
     "Исполнители",
     "Итоги по исполнителям",
     "Разработаны типовые стандарты оказания специальных социальных услуг; съёмка, объявление.",
     "в срок"},
    {"en",
     "Consolidated report on the action plan",
     "Year 2013",
     "Data as of 10 Feb 2014 09:00. Log: 10,431 entries, head "
     "3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed",
     "page %u of %u",
     "1. Overview",
     "1.1. Form of completion",
     "Obstacles",
     "Financing was cut by 12 %",
     "Note: the co-executors' reports are included",
     {"Period", "4th quarter of 2012", "Lead body", "Ministry of Internal Affairs"},
     {"No.", "Executor", "Planned", "Progress", "Due", "Received", "Indicator"},
     "Executors",
     "Totals by executor",
     "Standard rules for special social services were worked out and sent to all regions.",
     "on time"},
};

static const struct words *words_of(const char *language)
{
    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++)
        if (strcmp(languages[i].code, language) == 0)
            return &languages[i];
    abort();
}

static struct paper *begin(const struct words *words, bool landscape)
{
    static const struct esep_zone almaty = {
        .name = "Asia/Almaty", .first_offset_s = 6 * 3600, .tail_offset_s = 6 * 3600};
    struct paper_about about = {
        .language = words->code,
        .title = words->title,
        .subject = words->subject,
        .author = "Esep",
        .foot = words->foot,
        .page = words->page,
        .zone = &almaty,
        .made_at = (esep_time)esep_day_from_civil(2014, 2, 10) * ESEP_DAY + 3 * ESEP_HOUR,
        .landscape = landscape,
        .bytes_max = (size_t)64 << 20,
    };
    return paper_new(&about);
}

/* Of the seven columns. */
static void executor_row(struct paper *paper, const struct words *words, size_t i, const char *text)
{
    char number[24];
    char decimal[32];
    snprintf(number, sizeof number, "%zu", i);
    snprintf(decimal, sizeof decimal, "%zu.%zu", 1000 + 37 * i, i % 10);
    esep_day due = esep_day_from_civil(2013, 1, 31) + (esep_day)(i % 300);
    const struct paper_cell cells[7] = {
        {.kind = PAPER_TEXT, .text = number},
        {.kind = PAPER_TEXT, .text = text, .strong = i % 5 == 0},
        {.kind = PAPER_MONEY, .value = (int64_t)(123456750 + 1000003 * i)},
        {.kind = PAPER_PERCENT, .value = (int64_t)(i % 101), .tone = (enum paper_tone)(i % 5)},
        {.kind = PAPER_DAY, .value = due},
        {.kind = PAPER_INSTANT, .value = (esep_time)due * ESEP_DAY + 8 * ESEP_HOUR},
        {.kind = PAPER_DECIMAL, .text = decimal},
    };
    paper_row(paper, cells);
    (void)words;
}

static void executors(struct paper *paper, const struct words *words, const char *sheet)
{
    struct paper_column columns[7] = {
        {.title = words->head[0], .share = 1, .align = PAPER_RIGHT},
        {.title = words->head[1], .share = 8},
        {.title = words->head[2], .share = 3, .align = PAPER_RIGHT},
        {.title = words->head[3], .share = 2, .align = PAPER_CENTRE},
        {.title = words->head[4], .share = 2},
        {.title = words->head[5], .share = 2},
        {.title = words->head[6], .share = 2, .align = PAPER_RIGHT},
    };
    paper_table(paper, sheet, words->caption, columns, 7);
}

static void hostile_table(struct paper *paper)
{
    static const char *const texts[] = {
        "=HYPERLINK(\"http://x.invalid\",\"x\")",
        "+1+1",
        "-1",
        "@SUM(A1)",
        "]]> <w:p> &amp; \"quoted\" & 'single'",
        "control \x01\x08\x0b\x1f\x7f.",
        "broken \xd0 \xed\xa0\x80 \xf4\x90\x80\x80 \xff.",
        "no characters \xef\xbf\xbe\xef\xbf\xbf.",
        "turned \xe2\x80\xae"
        "desrever\xe2\x81\xa7 and \xe2\x80\x8f\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
        "_x0041_ stays",
        "first\r\nsecond\rthird\xe2\x80\xa8"
        "fourth\n\n\n\n\nfifth\tend",
        "z\xcc\x80\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x87\xcc\x88w",
        "emoji \xf0\x9f\x98\x80",
        "nowhitespacenowhitespacenowhitespacenowhitespacenowhitespacenowhitespacenowhitespace"
        "nowhitespacenowhitespacenowhitespacenowhitespacenowhitespacenowhitespacenowhitespace",
    };
    const struct paper_column columns[2] = {{.title = "#", .share = 1, .align = PAPER_RIGHT},
                                            {.title = "text", .share = 9}};
    paper_table(paper, "A/B: [x]* 'q' - a name that is longer than 31", NULL, columns, 2);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct paper_cell cells[2] = {{.kind = PAPER_COUNT, .value = (int64_t)i * 9999},
                                            {.kind = PAPER_TEXT, .text = texts[i]}};
        paper_row(paper, cells);
    }
}

static void extremes_table(struct paper *paper)
{
    const struct paper_column columns[3] = {{.title = "", .share = 0},
                                            {.title = NULL, .share = 2},
                                            {.title = "x", .share = 1, .align = PAPER_CENTRE}};
    const struct paper_cell rows[][3] = {
        {{.kind = PAPER_MONEY, .value = INT64_MIN},
         {.kind = PAPER_COUNT, .value = INT64_MAX},
         {.kind = PAPER_EMPTY}},
        {{.kind = PAPER_DAY, .value = ESEP_DAY_NONE},
         {.kind = PAPER_INSTANT, .value = ESEP_TIME_NEVER},
         {.kind = PAPER_DECIMAL, .text = "12,5 or so"}},
        {{.kind = PAPER_MONEY, .value = -5},
         {.kind = PAPER_DAY, .value = -30000},
         {.kind = PAPER_DECIMAL, .text = "-0.5"}},
        {{.kind = PAPER_TEXT}, {.kind = PAPER_TEXT, .text = ""}, {.kind = PAPER_DECIMAL}},
    };
    paper_table(paper, "a/b: [x]* 'Q' - A NAME THAT IS LONGER than 31", "", columns, 3);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        paper_row(paper, rows[i]);
    paper_table(paper, "History", NULL, columns, 3); /* without a row */
    paper_table(paper, NULL, NULL, columns, 3);      /* not in the workbook */
    paper_row(paper, rows[2]);
}

struct paper *sample_of_all(const char *language)
{
    const struct words *words = words_of(language);
    struct paper *paper = begin(words, false);
    if (paper == NULL)
        return NULL;
    const struct paper_fact facts[] = {
        {words->fact[0], words->fact[1]}, {words->fact[2], words->fact[3]}, {"", NULL}};
    paper_heading(paper, 1, words->title);
    paper_note(paper, words->subject);
    paper_heading(paper, 2, words->chapter);
    paper_facts(paper, facts, 3);
    paper_facts(paper, facts, 0);
    paper_paragraph(paper, words->body);
    paper_paragraph(paper, "one\ntwo\n\nthree");
    paper_heading(paper, 3, words->section);
    executors(paper, words, words->sheet);
    for (size_t i = 1; i <= 6; i++)
        executor_row(paper, words, i, words->fact[3]);
    paper_heading(paper, 4, words->part);
    paper_bullet(paper, words->bullet);
    paper_bullet(paper, words->body);
    paper_note(paper, words->note);
    paper_page_break(paper);
    paper_heading(paper, 2, "<&> \"hostile\"");
    hostile_table(paper);
    extremes_table(paper);
    paper_paragraph(paper, "");
    return paper;
}

/* Of lead bytes, broken letters, marks, controls, line ends and what has a meaning in a format. */
static const char *noise(struct esep_prng *prng, char text[600])
{
    static const char *const bits[] = {
        "<",
        ">",
        "&",
        "\"",
        "'",
        "]]>",
        "<!--",
        "%u",
        "%s",
        "&P",
        "_x000D_",
        "=",
        "\n",
        "\r",
        "\xd0",
        "\xed\xa0\x80",
        "\xef\xbf\xbf",
        "\xe2\x80\xae",
        "\xe2\x80\x8f",
        "\xcc\x81",
        "ә",
        "₸",
        "😀",
        "שלום",
        "مرحبا",
        "中文",
        "\x01",
        "\xc2\x85",
        " ",
        "word ",
    };
    size_t used = 0;
    for (size_t left = esep_prng_below(prng, 60); left > 0; left--) {
        const char *bit = bits[esep_prng_below(prng, sizeof bits / sizeof bits[0])];
        char byte[2] = {(char)(1 + esep_prng_below(prng, 255)), '\0'};
        used += (size_t)snprintf(text + used, 600 - used, "%s",
                                 esep_prng_below(prng, 4) == 0 ? byte : bit);
    }
    text[used] = '\0';
    return text;
}

struct paper *sample_of_noise(uint64_t seed)
{
    struct esep_prng prng = {.state = seed};
    char t[6][600];
    struct paper *paper = paper_new(&(struct paper_about){
        .language = "ru",
        .title = noise(&prng, t[0]),
        .subject = noise(&prng, t[1]),
        .author = noise(&prng, t[2]),
        .foot = noise(&prng, t[3]),
        .page = noise(&prng, t[4]),
        .made_at = 0,
        .bytes_max = (size_t)4 << 20,
    });
    if (paper == NULL)
        return NULL;
    for (size_t i = 0; i < 12; i++) {
        const struct paper_fact fact = {noise(&prng, t[0]), noise(&prng, t[1])};
        paper_heading(paper, 1 + (unsigned)(i % 4), noise(&prng, t[2]));
        paper_facts(paper, &fact, 1);
        paper_paragraph(paper, noise(&prng, t[2]));
        paper_note(paper, noise(&prng, t[2]));
        paper_bullet(paper, noise(&prng, t[2]));
        const struct paper_column columns[2] = {{.title = noise(&prng, t[0])},
                                                {.title = noise(&prng, t[1]), .share = 3}};
        paper_table(paper, noise(&prng, t[2]), noise(&prng, t[3]), columns, 2);
        for (size_t row = 0; row < 10; row++) {
            const struct paper_cell cells[2] = {
                {.kind = PAPER_TEXT, .text = noise(&prng, t[4])},
                {.kind = PAPER_DECIMAL, .text = noise(&prng, t[5]), .tone = PAPER_BAD}};
            paper_row(paper, cells);
        }
    }
    return paper;
}

/* Numbered words, so that whoever reads the pages can tell whether one is missing. */
static char *numbered(const char *stem, size_t count)
{
    size_t len = count * (strlen(stem) + 24) + 1;
    char *text = malloc(len);
    size_t used = 0;
    for (size_t i = 0; text != NULL && i < count; i++)
        used += (size_t)snprintf(text + used, len - used, "%s%zu ", stem, i);
    return text;
}

struct paper *sample_of_rows(const char *language, size_t rows)
{
    const struct words *words = words_of(language);
    struct paper *paper = begin(words, true);
    char *giant = numbered("giant", 1500);
    char *middling = numbered("middling", 120);
    if (paper != NULL && giant != NULL && middling != NULL) {
        paper_heading(paper, 1, words->title);
        paper_paragraph(paper, words->body);
        executors(paper, words, words->sheet);
        for (size_t i = 1; i <= rows; i++) {
            char text[200];
            snprintf(text, sizeof text, "row%zu %s", i, i % 7 == 0 ? words->body : words->fact[3]);
            executor_row(paper, words, i, i == 11 ? giant : i % 50 == 0 ? middling : text);
        }
        paper_heading(paper, 2, words->chapter);
        paper_paragraph(paper, "the end");
    }
    free(giant);
    free(middling);
    return paper;
}
