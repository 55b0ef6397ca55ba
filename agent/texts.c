/* agent/texts.c - see texts.h. */
#include "agent/texts.h"

#include <stddef.h>
#include <string.h>

struct text_row {
    const char *kk, *ru, *en;
};

static const struct text_row texts[AGENT_TEXTS] = {
    [TEXT_DUE] = {"мерзімі", "срок", "due"},
    [TEXT_TIMELINESS] = {"уақтылығы", "своевременность", "timeliness"},
    [TEXT_STATE] = {"күйі", "состояние", "state"},
    [TEXT_KIND] = {"түрі", "вид", "kind"},
    [TEXT_ACTION] = {"іс-шара", "мероприятие", "action"},
    [TEXT_TITLE] = {"атауы", "название", "title"},
    [TEXT_ROLE] = {"рөлі", "роль", "role"},
    [TEXT_OBLIGATION] = {"міндеттеме", "обязательство", "obligation"},
    [TEXT_BODY] = {"орган", "орган", "body"},
    [TEXT_REPORTS_FOR] = {"Есеп береді", "Отчитывается за", "Reports for"},
    [TEXT_NEW_KEYS_ASKED] = {"Жаңа кілттер сұралды", "Запрошены новые ключи",
                             "New keys are asked for"},
    [TEXT_AS_OF] = {"күні", "на", "as of"},
    [TEXT_NO_PLAN] =
        {"Жоспар әлі келген жоқ: esep-agent run іске қосылып, байланыс болғанда келеді.",
         "План ещё не поступил: он придёт, когда esep-agent run установит связь.",
         "The plan has not arrived yet: it comes once esep-agent run has a connection."},
    [TEXT_RETURNED] = {"қайтарылды", "возвращён", "returned"},
    [TEXT_AGAIN_BY] = {"қайта тапсыру мерзімі", "представить снова до", "again by"},
    [TEXT_CONFLICT] = {"қайшылық: осы органның екі есебі бар, біреуін растаңыз: report --settles",
                       "конфликт: два отчёта этого органа, подтвердите один: report --settles",
                       "conflict: two reports of this body, settle it: report --settles"},
    [TEXT_PROMISED] = {"уақыты расталды", "время подтверждено", "time proved"},
    [TEXT_REFUSED] = {"қабылданбады", "не принят", "not taken"},
    [TEXT_OFFICE] = {"Кеңсе", "Узел", "Office"},
    [TEXT_UPLINK] = {"Байланыс", "Связь", "Uplink"},
    [TEXT_ENTRIES] = {"Жазбалар", "Записи", "Entries"},
    [TEXT_WRITTEN] = {"жазылды", "записано", "written"},
    [TEXT_QUEUED] = {"кезекте", "в очереди", "waiting"},
    [TEXT_RECEIVED] = {"алынды", "получено", "received"},
    [TEXT_EPOCH] = {"дәуір", "эпоха", "epoch"},
    [TEXT_LAST_RECEIPT] = {"Соңғы түбіртек", "Последняя квитанция", "Last receipt"},
    [TEXT_WITNESSED] = {"Куәгер растаған уақыт", "Время, заверенное свидетелем", "Witnessed at"},
    [TEXT_LOG_KEY] = {"Комиссия журналының кілті ауысты", "Ключ журнала комиссии сменился",
                      "The log's key has changed"},
    [TEXT_NOT_WITNESSED] = {"әзірге жоқ", "пока нет", "not yet"},
    [TEXT_NONE] = {"жоқ", "нет", "none"},
    [TEXT_SKEW] = {"Сағат айырмасы", "Расхождение часов", "Clock skew"},
    [TEXT_MAILBOX] = {"Пошта", "Почта", "Mailbox"},
    [TEXT_NEWEST] = {"соңғысы", "последнее", "newest"},
    [TEXT_JOURNAL] = {"Журнал", "Журнал", "Journal"},
    [TEXT_FILES] = {"Тіркелген файлдар", "Приложенные файлы", "Attached files"},
    [TEXT_NO_DAEMON] = {"esep-agent run іске қосылмаған: ештеңе жіберілмейді",
                        "esep-agent run не запущен: ничего не отправляется",
                        "esep-agent run is not running: nothing is sent"},
    [TEXT_NEXT_TRY] = {"келесі әрекет", "следующая попытка", "next try"},
    [TEXT_RECEIPT] = {"Есептің алынғаны туралы түбіртек", "Квитанция о получении отчёта",
                      "Receipt for a report"},
    [TEXT_RECEIPT_OF] = {"Жазба", "Запись", "Entry"},
    [TEXT_ACCEPTED_AT] = {"Алынды", "Получено", "Received"},
    [TEXT_ON_TIME_BY] = {"Осы сәттен бастап есептеледі (міндеттеме бойынша)",
                         "Считается с (по обязательству журнала)",
                         "Proved as of (by commitment of the journal)"},
    [TEXT_COMMITTED_BUT_LATE] = {"Міндеттеме уақыты (жеңілдік мерзімі өткен)",
                                 "Обязательство журнала от (льготный срок истёк)",
                                 "Committed at (beyond the days of grace)"},
    [TEXT_LOG_ENTRY] = {"Комиссия журналындағы нөмірі", "Номер в журнале комиссии", "Log entry"},
    [TEXT_SIGNED_BY] = {"Қол қойылған кілт", "Подписано ключом", "Signed by"},
    [TEXT_VALID] = {"қолтаңба тексерілді", "подпись проверена", "the signature was verified"},
    [TEXT_WAITING] = {"Түбіртек әлі жоқ: жазба журналда сақталған және кезекте тұр",
                      "Квитанции ещё нет: запись сохранена в журнале и ждёт отправки",
                      "No receipt yet: the entry is safe in the journal and waits"},
    [TEXT_PROMISE_STANDS] = {"бірақ уақыты расталды", "но время уже подтверждено",
                             "but its time is proved already"},
    [TEXT_NOTED] = {"Брокер куәландырады (тек оның сөзі, журналдікі емес)",
                    "Брокер подтверждает (только его слово, не журнала)",
                    "A broker confirms (its word alone, not the log's)"},
    [TEXT_WINDOW] = {"Байланыс терезесі", "Окно связи", "Link window"},
    [TEXT_OPEN_UNTIL] = {"ашық, аяқталуы", "открыто до", "open until"},
    [TEXT_NEXT_WINDOW] = {"келесісі", "следующее", "next"},
    [TEXT_DUE_BEFORE] = {"Есептің мерзімі келесі терезеден бұрын",
                         "Срок отчёта раньше следующего окна",
                         "A report is due before the next window"},
    [TEXT_GOES_ANYWAY] = {"ол терезеден тыс жіберіледі", "он уйдёт вне окна",
                          "it is sent outside of one"},
    [TEXT_WOULD_BE_LATE] = {"ол кешігеді; байланыс бар болса, беттегі «Қазір қосылып көру» немесе "
                            "report --wait",
                            "он опоздает; если связь есть: «Попробовать сейчас» на странице или "
                            "report --wait",
                            "it will be late; where the line is up: “Try now” on the page, or "
                            "report --wait"},
    [TEXT_BUDGET] = {"Бүгінгі трафик", "Трафик за сегодня", "Traffic today"},
    [TEXT_FILES_WAIT] = {"файлдар ертеңгі күнді күтеді, есептер мен хабарламалар жүре береді",
                         "файлы ждут завтрашнего дня, отчёты и уведомления идут",
                         "files wait until tomorrow, reports and alerts go"},
    [TEXT_ALL_WAITS] = {"бүгінгісі таусылды, бәрі ертеңгі күнді күтеді",
                        "на сегодня исчерпан, всё ждёт завтрашнего дня",
                        "used for today, everything waits until tomorrow"},
};

static const struct {
    const char *word;
    struct text_row row;
} words[] = {
    {"none", {"есеп жоқ", "отчёта нет", "no report"}},
    {"draft", {"жоба", "черновик", "draft"}},
    {"queued", {"сақталды, кезекте", "сохранён, в очереди", "saved, queued"}},
    {"sent", {"жіберілді", "отправлен", "sent"}},
    {"received", {"алынды", "получен", "received"}},
    {"under_review", {"қаралуда", "на рассмотрении", "under review"}},
    {"returned", {"қайтарылды", "возвращён", "returned"}},
    {"accepted", {"қабылданды", "принят", "accepted"}},
    {"superseded", {"ауыстырылды", "заменён", "superseded"}},
    {"withdrawn", {"кері алынды", "отозван", "withdrawn"}},
    {"not_due", {"мерзімі келген жоқ", "срок не наступил", "not due"}},
    {"due_soon", {"мерзімі жақын", "срок близок", "due soon"}},
    {"on_time", {"уақтылы", "в срок", "on time"}},
    {"late", {"кешігіп", "с опозданием", "late"}},
    {"overdue", {"мерзімі өтті", "просрочено", "overdue"}},
    {"fulfilment", {"орындау", "исполнение", "fulfilment"}},
    {"annual", {"жылдық ақпарат", "годовая информация", "annual information"}},
    {"consolidated", {"жиынтық есеп", "сводный отчёт", "consolidated report"}},
    {"regional-plan", {"өңірлік жоспар", "региональный план", "regional plan"}},
    {"lead", {"жауапты орындаушы", "ответственный исполнитель", "lead"}},
    {"co_executor", {"бірлесіп орындаушы", "соисполнитель", "co-executor"}},
    {"offline", {"байланыс жоқ", "нет связи", "offline"}},
    {"connecting", {"қосылуда", "соединение", "connecting"}},
    {"greeting", {"танысу", "приветствие", "greeting"}},
    {"online", {"байланыс бар", "на связи", "online"}},
    {"stopped", {"тоқтатылды", "остановлен", "stopped"}},
    {"drained", {"аяқталды", "завершён", "drained"}},
};

static const char *in(const struct text_row *row, const char *language)
{
    if (strcmp(language, "kk") == 0)
        return row->kk;
    return strcmp(language, "en") == 0 ? row->en : row->ru;
}

const char *agent_text(enum agent_text which, const char *language)
{
    return in(&texts[which], language);
}

const char *agent_word(const char *word, const char *language)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, word) == 0)
            return in(&words[i].row, language);
    return word;
}
