/* collector/export_text.c - see export_text.h. */
#include "collector/export_text.h"

static const char *const words[WORDS][EXPORT_LANGUAGES] = {
    [WORD_TITLE] = {"%d жылғы жиынтық ақпарат", "Сводная информация за %d год",
                    "Consolidated report for %d"},
    [WORD_SUBJECT] = {"%s: орындалу барысы", "%s: ход исполнения", "%s: state of fulfilment"},
    [WORD_FOOT] = {"Деректер %s жағдай бойынша. Журнал: %s, басының хеші %s",
                   "Данные на %s. Журнал: %s, хеш вершины %s",
                   "Data as of %s. Log: %s, head hash %s"},
    [WORD_PAGE] = {"%u-бет, барлығы %u", "Страница %u из %u", "Page %u of %u"},
    [WORD_HOW_MADE] = {"Құжатты «Есеп» жүйесі журналдан жасады. Мәтіндер орындаушылардың "
                       "есептерінде жазылған күйінде берілді.",
                       "Документ составлен системой «Есеп» по журналу. Тексты приведены так, как "
                       "они написаны в отчётах исполнителей.",
                       "Made by Esep from its log. Texts stand as the executors wrote them."},
    [WORD_HOW_CHOSEN] = {"Әр орындаушы бойынша соңғы қабылданған есеп келтірілген; қабылданғаны "
                         "болмаса, соңғы алынған есеп. Қайсысы екені әр жерде көрсетілген.",
                         "По каждому исполнителю приведён последний принятый отчёт; если принятого "
                         "нет, последний полученный. Какой именно, указано на месте.",
                         "For each executor its newest accepted report is told or, where none was "
                         "accepted, the newest received. Each place says which."},
    [WORD_PLAN] = {"Жоспар", "План", "Plan"},
    [WORD_PLAN_REVISION] = {"%s, %u-редакция", "%s, редакция %u", "%s, revision %u"},
    [WORD_SECRETARIAT] = {"Хатшылық", "Секретариат", "Secretariat"},
    [WORD_AS_OF] = {"Деректер күні", "Данные по состоянию на", "Data as of"},
    [WORD_LOG] = {"Журнал", "Журнал", "Log"},
    [WORD_LOG_VALUE] = {"%s, басының хеші %s", "%s, хеш вершины %s", "%s, head hash %s"},

    [WORD_SUMMARY] = {"Қорытынды", "Итоги", "Summary"},
    [WORD_BOUND] = {"Есеп беруге міндетті органдар", "Органы, обязанные отчитываться",
                    "Bodies that must report"},
    [WORD_AGREED] =
        {"Келісім бойынша қатысатын органдар (бөлек есептеледі, үнсіздігі бұзушылық емес)",
         "Органы, участвующие по согласованию (считаются отдельно, их молчание не "
         "является нарушением)",
         "Bodies upon agreement (counted apart; their silence is no violation)"},
    [WORD_KIND] = {"Түрі", "Вид", "Kind"},
    [WORD_ALL] = {"Барлығы", "Всего", "All"},
    [WORD_TOGETHER] = {"Жиыны", "Итого", "Total"},
    [WORD_HEAD_ON_TIME] = {"Уақтылы", "В срок", "On time"},
    [WORD_HEAD_LATE] = {"Кешігіп", "С опозданием", "Late"},
    [WORD_HEAD_OVERDUE] = {"Мерзімі өтті", "Просрочено", "Overdue"},
    [WORD_HEAD_NOT_DUE] = {"Мерзімі келмеді", "Срок не наступил", "Not due"},
    [WORD_ON_TIME_RATE] = {"Уақтылығы", "Своевременность", "On-time rate"},
    [WORD_COMPLETE] = {"Толықтығы", "Полнота", "Completeness"},
    [WORD_RATE_NOTE] = {"Уақтылығы: мерзімі келгендердің ішінде уақтылы берілгені. Толықтығы: "
                        "барлығының ішінде берілгені. Екеуі бөлек есептеледі.",
                        "Своевременность: доля представленных в срок среди тех, чей срок наступил. "
                        "Полнота: доля представленных среди всех. Считаются отдельно.",
                        "On-time rate: what came in time, of what was due. Completeness: what "
                        "came, of all. They are two rates."},
    [WORD_RUNNING_ON] = {"Келесі жылдарға ауысады, қорытындыға кірмейді: %s.",
                         "Переходят на следующие годы и в итоги не входят: %s.",
                         "Running on into later years, not in the totals: %s."},
    [WORD_LEADS_SAY] = {"Жауапты орындаушылар не хабарлайды", "Что сообщают ведущие исполнители",
                        "What the leads say"},
    [WORD_COUNT] = {"Саны", "Число", "Count"},

    [WORD_OVERVIEW] = {"Іс-шаралар тізбесі", "Перечень мероприятий", "Actions at a glance"},
    [WORD_BY_ACTION] = {"Іс-шаралар бойынша", "По мероприятиям", "Action by action"},
    [WORD_ACTION_HEADING] = {"%s. %s", "%s. %s", "%s. %s"},
    [WORD_NUMBER] = {"№", "№", "No."},
    [WORD_ACTION] = {"Іс-шара", "Мероприятие", "Action"},
    [WORD_COMPLETION] = {"Аяқталу нысаны", "Форма завершения", "Form of completion"},
    [WORD_LEAD] = {"Жауапты орындаушы", "Ведущий исполнитель", "Lead"},
    [WORD_COEXECUTOR] = {"Бірлесіп орындаушы", "Соисполнитель", "Co-executor"},
    [WORD_COEXECUTORS] = {"Бірлесіп орындаушылар", "Соисполнители", "Co-executors"},
    [WORD_COEXECUTORS_REPORTS] = {"Бірлесіп орындаушылардың есептері", "Отчёты соисполнителей",
                                  "Co-executors' reports"},
    [WORD_UPON_AGREEMENT] = {"келісім бойынша", "по согласованию", "upon agreement"},
    [WORD_SUCCEEDED] = {"%s (қазір %s)", "%s (ныне %s)", "%s (now %s)"},
    [WORD_PERIOD] = {"Орындау мерзімі", "Срок исполнения", "Period"},
    [WORD_PERIOD_WRITTEN] = {"%s (жоспарда: «%s»)", "%s (в плане: «%s»)", "%s (in the plan: “%s”)"},
    [WORD_DUE] = {"Есеп беру мерзімі", "Срок представления", "Due"},
    [WORD_DUE_EXTENDED] = {"%s (ұзартылды, бастапқы мерзімі %s)", "%s (продлён, первоначально %s)",
                           "%s (extended, originally %s)"},
    [WORD_FINANCING] = {"Қаржыландыру", "Финансирование", "Financing"},
    [WORD_APPROVED_MONEY] = {"Жоспарда бекітілген", "Утверждено планом", "Approved in the plan"},
    [WORD_WHOLE_PLAN] = {"бүкіл жоспарға", "на весь план", "for the whole plan"},
    [WORD_YEAR] = {"%d жыл", "%d год", "%d"},
    [WORD_HAS_PARTS] = {"Іс-шара бөліктерден тұрады, олар төменде.",
                        "Мероприятие состоит из частей, они приведены ниже.",
                        "This action consists of parts; they follow."},
    [WORD_NOBODY_OWES] = {"Бұл іс-шара бойынша ешкім есеп беруге міндетті емес.",
                          "По этому мероприятию никто не обязан отчитываться.",
                          "Nobody owes a report on this action."},
    [WORD_NO_REPORT] = {"Есеп түскен жоқ.", "Отчёт не поступил.", "No report came."},
    [WORD_WINDOW] = {"Кезең", "Период", "Window"},
    [WORD_BODY] = {"Орган", "Орган", "Body"},
    [WORD_ROLE] = {"Рөлі", "Роль", "Role"},

    [WORD_FULFILMENT] = {"Орындалуы", "Исполнение", "Fulfilment"},
    [WORD_PERCENT] = {"Пайызы", "Процент", "Percent"},
    [WORD_REPORT] = {"Есеп", "Отчёт", "Report"},
    [WORD_REPORT_VALUE] = {"%s; %u-редакция, журналдағы жазба № %llu, алынған уақыты %s",
                           "%s; редакция %u, запись журнала № %llu, получен %s",
                           "%s; revision %u, log entry %llu, received %s"},
    [WORD_NEWER] = {"Одан кейін келген есеп әлі қабылданған жоқ.",
                    "Поступивший после него отчёт ещё не принят.",
                    "A report that came after it is not accepted yet."},
    [WORD_CONFLICT] = {"Бір-біріне қайшы тұр: %s; орган шешуі керек.",
                       "Одновременно действуют: %s; орган должен устранить противоречие.",
                       "Standing side by side: %s; the body must settle the conflict."},
    [WORD_AGAIN_BY] = {"Қайта беру мерзімі: %s.", "Представить повторно до %s.",
                       "To come back by %s."},
    [WORD_TIMELINESS] = {"Уақтылығы", "Своевременность", "Timeliness"},
    [WORD_CLOCKS] = {"Сағаттар", "Часы", "Clocks"},
    [WORD_CLOCKS_COMMITTED] =
        {"%s бастап есептеледі (міндеттеме түбіртегі); алғашқы есеп алынды %s; "
         "кеңсе сағаты бойынша жазылды %s",
         "считается с %s (квитанция обязательства); первый отчёт получен %s; "
         "написан по часам рабочего места %s",
         "counts from %s (receipt of the commitment); first report received "
         "%s; written by the office's clock %s"},
    [WORD_CLOCKS_RECEIVED] = {"алғашқы есеп алынды %s; кеңсе сағаты бойынша жазылды %s",
                              "первый отчёт получен %s; написан по часам рабочего места %s",
                              "first report received %s; written by the office's clock %s"},
    [WORD_CONTROL] = {"Бақылау", "Контроль", "Control"},
    [WORD_DONE] = {"Не істелді", "Что сделано", "What was done"},
    [WORD_NIL_REPORT] = {"Нөлдік есеп: %s", "Нулевой отчёт: %s", "Nil report: %s"},
    [WORD_OBSTACLES] = {"Кедергілер", "Препятствия", "Obstacles"},
    [WORD_DELAY_REASONS] = {"Кешігу себептері", "Причины задержки", "Reasons for delay"},
    [WORD_NEXT_STEPS] = {"Келесі қадамдар", "Дальнейшие шаги", "Next steps"},
    [WORD_SIGNED] = {"Қол қойған", "Подписал", "Signed by"},
    [WORD_OUTGOING] = {"шығыс № %s", "исх. № %s", "outgoing no. %s"},
    [WORD_ACCESS] = {"Белгі", "Пометка", "Marking"},
    [WORD_OFFICIAL_USE] = {"қызмет бабында пайдалану үшін", "для служебного пользования",
                           "for official use"},
    [WORD_ATTACHMENTS] = {"Қосымшалар", "Приложения", "Attachments"},
    [WORD_CITES] = {"Есепте аталған", "В отчёте названы", "The report cites"},
    [WORD_CITE] = {"%s; %s; %u-редакция, журналдағы жазба № %llu",
                   "%s; %s; редакция %u, запись журнала № %llu",
                   "%s; %s; revision %u, log entry %llu"},
    [WORD_CITED] = {"Аталған", "Назван в отчёте", "Cited"},
    [WORD_CITED_OLDER] = {"иә, %u-редакция", "да, редакция %u", "yes, revision %u"},
    [WORD_CITE_UNKNOWN] = {"бұл жылдың журналында жоқ есеп",
                           "отчёт, которого нет среди отчётов года",
                           "a report that is not among the year's"},
    [WORD_YES] = {"иә", "да", "yes"},
    [WORD_NO] = {"жоқ", "нет", "no"},
    [WORD_NO_DATA] = {"дерек жоқ", "нет данных", "no data"},
    [WORD_NONE] = {"–", "–", "–"},

    [WORD_INDICATORS] = {"Көрсеткіштер", "Показатели", "Indicators"},
    [WORD_INDICATOR] = {"Көрсеткіш", "Показатель", "Indicator"},
    [WORD_BREAKDOWN] = {"Бөлінісі", "Разрез", "Breakdown"},
    [WORD_VALUE] = {"Мәні", "Значение", "Value"},
    [WORD_UNIT] = {"Өлшемі", "Единица", "Unit"},
    [WORD_TARGET] = {"Нысана", "Цель", "Target"},
    [WORD_MONEY] = {"Қаржы, теңге", "Средства, тенге", "Money, tenge"},
    [WORD_MONEY_TOTALS] = {"Көздер бойынша қаржы, теңге (жауапты орындаушылардың есептері бойынша)",
                           "Средства по источникам, тенге (по отчётам ведущих исполнителей)",
                           "Money by source, tenge (from the leads' reports)"},
    [WORD_SOURCE] = {"Көзі", "Источник", "Source"},
    [WORD_PROGRAMME] = {"Бағдарлама", "Программа", "Programme"},
    [WORD_PLANNED] = {"Жоспарланған", "Запланировано", "Planned"},
    [WORD_ALLOCATED] = {"Бөлінген", "Выделено", "Allocated"},
    [WORD_SPENT] = {"Жұмсалған", "Израсходовано", "Spent"},
    [WORD_WITHIN_ALLOTTED] = {"бөлінген қаражат шегінде", "в пределах выделенных средств",
                              "within allotted funds"},
    [WORD_WITHIN_COUNT] = {"Бөлінген қаражат шегінде (есеп саны)",
                           "В пределах выделенных средств (отчётов)",
                           "Within allotted funds (reports)"},

    [WORD_LATE] = {"Кешігіп берілгендер", "Представлены с опозданием", "Came late"},
    [WORD_MISSING] = {"Мерзімі өтті, берілген жоқ", "Срок истёк, не представлены",
                      "Overdue: nothing came"},
    [WORD_LATE_BY] = {"Кешігуі", "Опоздание", "Late by"},
    [WORD_CAME] = {"Есептелетін уақыты", "Считается с", "Counts from"},
    [WORD_NOTHING_LATE] = {"Кешігіп берілген есеп жоқ.", "Отчётов с опозданием нет.",
                           "No report came late."},
    [WORD_NOTHING_MISSING] = {"Мерзімі өткен есеп жоқ.", "Просроченных отчётов нет.",
                              "Nothing is overdue."},

    [WORD_KEY] = {"Кілт", "Ключ", "Key"},
    [WORD_WINDOW_START] = {"Кезеңнің басы", "Начало периода", "Window from"},
    [WORD_WINDOW_END] = {"Кезеңнің соңы", "Конец периода", "Window to"},
    [WORD_ORIGINAL_DUE] = {"Бастапқы мерзім", "Первоначальный срок", "Original due"},
    [WORD_RECEIVED] = {"Алғашқысы алынды", "Первый получен", "First received"},
    [WORD_WRITTEN] = {"Кеңсе сағаты", "Часы рабочего места", "Office's clock"},
    [WORD_REVISION] = {"Редакция", "Редакция", "Revision"},
    [WORD_LOG_ENTRY] = {"Журнал жазбасы", "Запись журнала", "Log entry"},
    [WORD_NIL] = {"Нөлдік есеп", "Нулевой отчёт", "Nil report"},
    [WORD_OUTGOING_NUMBER] = {"Шығыс нөмірі", "Исходящий номер", "Outgoing number"},
    [WORD_OBLIGATIONS] = {"Есептер", "Отчёты", "Reports"},

    [WORD_CALENDAR] = {"Мерзімдер: %s", "Сроки: %s", "Deadlines: %s"},
    [WORD_CALENDAR_SUMMARY] = {"Мерзім: %s (%s)", "Срок: %s (%s)", "Due: %s (%s)"},
};

static const char *const fulfilments[][EXPORT_LANGUAGES] = {
    {"дерек жоқ", "нет данных", "no data"},
    {"басталған жоқ", "не начато", "not started"},
    {"орындалуда", "исполняется", "in progress"},
    {"ішінара орындалды", "исполнено частично", "partly executed"},
    {"орындалды", "исполнено", "executed"},
    {"орындалмады", "не исполнено", "not executed"},
    {"қолданылмайды", "не применимо", "not applicable"},
};
static const char *const submissions[][EXPORT_LANGUAGES] = {
    [ESEP_SUBMISSION_NONE] = {"түскен жоқ", "не поступил", "nothing came"},
    [ESEP_SUBMISSION_DRAFT] = {"жоба", "черновик", "draft"},
    [ESEP_SUBMISSION_QUEUED] = {"кезекте", "в очереди", "queued"},
    [ESEP_SUBMISSION_SENT] = {"жіберілді", "отправлен", "sent"},
    [ESEP_SUBMISSION_RECEIVED] = {"алынды, қаралған жоқ", "получен, не рассмотрен",
                                  "received, not reviewed"},
    [ESEP_SUBMISSION_UNDER_REVIEW] = {"қаралуда", "на рассмотрении", "under review"},
    [ESEP_SUBMISSION_RETURNED] = {"қайтарылды", "возвращён", "returned"},
    [ESEP_SUBMISSION_ACCEPTED] = {"қабылданды", "принят", "accepted"},
    [ESEP_SUBMISSION_SUPERSEDED] = {"жаңасы бар", "заменён новым", "superseded"},
    [ESEP_SUBMISSION_WITHDRAWN] = {"кері алынды", "отозван", "withdrawn"},
};
static const char *const controls[][EXPORT_LANGUAGES] = {
    [ESEP_CONTROL_ON] = {"бақылауда", "на контроле", "on control"},
    [ESEP_CONTROL_EXTENSION_ASKED] = {"ұзарту сұралды", "запрошено продление", "extension asked"},
    [ESEP_CONTROL_EXTENDED] = {"мерзімі ұзартылды", "срок продлён", "extended"},
    [ESEP_CONTROL_EXTENSION_REFUSED] = {"ұзартудан бас тартылды", "в продлении отказано",
                                        "extension refused"},
    [ESEP_CONTROL_REMOVED] = {"бақылаудан алынды", "снято с контроля", "removed from control"},
    [ESEP_CONTROL_RESTORED] = {"бақылауға қайтарылды", "возвращено на контроль",
                               "restored to control"},
};
static const char *const timeliness[][EXPORT_LANGUAGES] = {
    {"дерек жоқ", "нет данных", "no data"},
    [ESEP_TIMELINESS_NOT_DUE] = {"мерзімі келген жоқ", "срок не наступил", "not due"},
    [ESEP_TIMELINESS_DUE_SOON] = {"мерзімі жақын", "срок близок", "due soon"},
    [ESEP_TIMELINESS_ON_TIME] = {"уақтылы", "в срок", "on time"},
    [ESEP_TIMELINESS_LATE] = {"кешігіп", "с опозданием", "late"},
    [ESEP_TIMELINESS_OVERDUE] = {"мерзімі өтті", "просрочено", "overdue"},
};
static const char *const kinds[][EXPORT_LANGUAGES] = {
    {"Жиыны", "Итого", "Total"},
    [ESEP_OBLIGATION_FULFILMENT] = {"Іс-шараның орындалуы", "Исполнение мероприятия", "Fulfilment"},
    [ESEP_OBLIGATION_ANNUAL] = {"Жылдық ақпарат", "Годовая информация", "Annual information"},
    [ESEP_OBLIGATION_CONSOLIDATED] = {"Жиынтық ақпарат", "Сводная информация",
                                      "Consolidated report"},
    [ESEP_OBLIGATION_REGIONAL_PLAN] = {"Өңірлік жоспар", "Региональный план", "Regional plan"},
};
static const char *const financings[][EXPORT_LANGUAGES] = {
    {"дерек жоқ", "нет данных", "no data"},
    {"талап етілмейді", "не требуется", "none required"},
    {"бөлінген қаражат шегінде", "в пределах выделенных средств", "within allotted funds"},
    {"бюджет", "бюджет", "budget"},
    {"сыртқы көздер", "внешние источники", "external sources"},
};
static const struct {
    const char *code;
    const char *name[EXPORT_LANGUAGES];
} sources[] = {
    {"rb", {"республикалық бюджет", "республиканский бюджет", "republican budget"}},
    {"lb", {"жергілікті бюджеттер", "местные бюджеты", "local budgets"}},
    {"iom",
     {"Халықаралық көші-қон ұйымы", "Международная организация по миграции",
      "International Organization for Migration"}},
    {"unodc",
     {"БҰҰ Есірткі және қылмыс жөніндегі басқармасы", "Управление ООН по наркотикам и преступности",
      "United Nations Office on Drugs and Crime"}},
};

#define NAMED(table, language, value)                                                              \
    ((table)[(size_t)(value) < sizeof(table) / sizeof *(table) ? (size_t)(value) : 0][language])

const char *export_word(enum export_language language, enum export_word word)
{
    return words[word][language];
}

const char *export_fulfilment(enum export_language language, Esep__V1__Fulfilment value)
{
    return NAMED(fulfilments, language, value);
}

const char *export_submission(enum export_language language, enum esep_submission value)
{
    return NAMED(submissions, language, value);
}

const char *export_control(enum export_language language, enum esep_control value)
{
    return NAMED(controls, language, value);
}

const char *export_timeliness(enum export_language language, enum esep_timeliness value)
{
    return NAMED(timeliness, language, value);
}

const char *export_kind(enum export_language language, enum esep_obligation_kind value)
{
    return NAMED(kinds, language, value);
}

const char *export_financing(enum export_language language, Esep__V1__Financing value)
{
    return NAMED(financings, language, value);
}

const char *export_source(enum export_language language, const char *code)
{
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (strcmp(sources[i].code, code) == 0)
            return sources[i].name[language];
    return code;
}
