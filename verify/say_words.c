/* verify/say_words.c - see say_words.h. */
#include "verify/say_words.h"

static const char *const words[WORD_COUNT][3] = {
    [WORD_PROVEN_STRONG] = {"ДӘЛЕЛДЕНДІ. Уақытын куәгер де растайды.",
                            "ДОКАЗАНО. Время подтверждает и свидетель.",
                            "PROVEN. A witness confirms the hour, too."},
    [WORD_PROVEN_WEAK] = {"ДӘЛЕЛДЕНДІ. Уақытын тек қабылдаушының өз сағаты көрсетеді.",
                          "ДОКАЗАНО. Время — только по часам самого сборщика.",
                          "PROVEN. The hour is by the collector's own clock alone."},
    [WORD_IN_TIME_STRONG] =
        {"МЕРЗІМІНДЕ ЕКЕНІ ДӘЛЕЛДЕНДІ. Күшті дәлел: куәгердің сағаты бойынша мерзімге дейін.",
         "ДОКАЗАНО: В СРОК. Сильное доказательство: до срока по часам свидетеля.",
         "PROVEN IN TIME. Strong: before the deadline by a witness's clock."},
    [WORD_IN_TIME_WEAK] =
        {"МЕРЗІМІНДЕ ЕКЕНІ ДӘЛЕЛДЕНДІ. Әлсіз дәлел: тек қабылдаушының өз сағаты бойынша, куәгер "
         "мерзімге дейін растамаған.",
         "ДОКАЗАНО: В СРОК. Слабое доказательство: только по часам самого сборщика, свидетель до "
         "срока этого не подтвердил.",
         "PROVEN IN TIME. Weak: by the collector's own clock alone; no witness confirmed it before "
         "the deadline."},
    [WORD_PROVEN_BROKER] =
        {"ДӘЛЕЛДЕНДІ. Уақытын тек брокердің сағаты көрсетеді: ең әлсіз дәлел, журнал бұл туралы "
         "ештеңе айтпайды.",
         "ДОКАЗАНО. Время — только по часам брокера: самое слабое доказательство, журнал об этом "
         "ничего не говорит.",
         "PROVEN. The hour is by a broker's clock alone: the weakest proof; the log says nothing "
         "of "
         "it."},
    [WORD_IN_TIME_BROKER] =
        {"МЕРЗІМІНДЕ ЕКЕНІ ДӘЛЕЛДЕНДІ. Ең әлсіз дәлел: тек брокердің сағаты мен сөзі бойынша, "
         "журнал бұл туралы ештеңе айтпайды.",
         "ДОКАЗАНО: В СРОК. Самое слабое доказательство: только по часам и слову брокера, журнал "
         "об этом ничего не говорит.",
         "PROVEN IN TIME. Weakest: by a broker's clock and word alone; the log says nothing of "
         "it."},
    [WORD_LATE] = {"ДӘЛЕЛДЕНДІ, БІРАҚ МЕРЗІМІНЕН КЕЙІН.", "ДОКАЗАНО, НО ПОСЛЕ СРОКА.",
                   "PROVEN, BUT AFTER THE DEADLINE."},
    [WORD_REFUSED] = {"ҚАБЫЛДАНБАДЫ: ештеңе дәлелденген жоқ.", "ОТКЛОНЕНО: ничего не доказано.",
                      "REFUSED: nothing is proven."},
    [WORD_RECEIVED] = {"Алынды: төмендегі сәтте есептің өзі комиссия журналында болды.",
                       "Получено: к указанному часу в журнале комиссии был сам отчёт.",
                       "Received: by the hour below the commission's log held the report itself."},
    [WORD_PROMISED] =
        {"Уәде етілді: төмендегі сәтте комиссия журналында дәл осы байттар туралы кеңсе қол қойған "
         "уәде болды; байттардың өзі кейін келуі мүмкін.",
         "Обещано: к указанному часу в журнале комиссии было подписанное узлом обещание именно "
         "этих байтов; сами байты могли прийти позже.",
         "Promised: by the hour below the commission's log held the office's signed promise of "
         "exactly these bytes; the bytes themselves may have come later."},
    [WORD_FILE] =
        {"Файл: төмендегі сәтте тіркелген файл толық келген. Бұл жазбаға кеңсе қол қоймайды: "
         "файлдың кімдікі екені — қабылдаушының сөзі.",
         "Файл: к указанному часу приложенный файл пришёл целиком. Эту запись узел не подписывает: "
         "чей это файл — слово сборщика.",
         "File: by the hour below the attached file had come whole. The office does not sign this "
         "entry: whose file it is, is the collector's word."},
    [WORD_INGRESS] =
        {"Брокерде болды: төмендегі сәтте брокер дәл осы байттар туралы кеңсе қол қойған уәденің "
         "хешін көрген; қабылдаушының алғаны бұдан шықпайды.",
         "Было у брокера: к указанному часу брокер видел хеш подписанного узлом обещания именно "
         "этих байтов; что сборщик их получил, отсюда не следует.",
         "At a broker: by the hour below a broker had seen the hash of the office's signed promise "
         "of exactly these bytes; that the collector got them does not follow."},
    [WORD_BYTES] = {"Дәл осы байттар, SHA-256", "Именно эти байты, SHA-256",
                    "Exactly these bytes, SHA-256"},
    [WORD_OFFICE] = {"Кеңсе нөмірі", "Номер узла", "Office number"},
    [WORD_KEY] = {"Кеңсенің кілті", "Ключ узла", "The office's key"},
    [WORD_KEY_GIVEN] = {"сіз берген кілт", "тот, который вы указали", "the one you gave"},
    [WORD_KEY_UNKNOWN] = {"кеңсенің өз кілтімен салыстырыңыз немесе --office-key беріңіз",
                          "сравните с ключом самого узла или укажите --office-key",
                          "compare it with the office's own, or give --office-key"},
    [WORD_ENTRY] = {"Кеңсе журналындағы жазба (дәуір/нөмір)", "Запись журнала узла (эпоха/номер)",
                    "Entry of the office's journal (epoch/number)"},
    [WORD_COLLECTOR_CLOCK] = {"Қабылдаушының сағаты бойынша (тек оның сөзі)",
                              "По часам сборщика (только его слово)",
                              "By the collector's clock (its word alone)"},
    [WORD_WITNESS_CLOCK] = {"Куәгердің сағаты бойынша", "По часам свидетеля",
                            "By the clock of the witness"},
    [WORD_WITNESS_ABSENT] = {"бұған қол қоймаған", "этого не подписал", "has not signed this"},
    [WORD_OFFICE_CLOCK] = {"Кеңсенің өз сағаты бойынша (тек кеңсенің сөзі, дәлел емес)",
                           "По часам самого узла (только слово узла, не доказательство)",
                           "By the office's own clock (the office's word alone, no proof)"},
    [WORD_BROKER_CLOCK] = {"Брокердің сағаты бойынша (тек оның сөзі)",
                           "По часам брокера (только его слово)",
                           "By the broker's clock (its word alone)"},
    [WORD_BROKER] = {"Қол қойған брокердің кілті", "Ключ брокера, который подписал",
                     "The key of the broker that signed"},
    [WORD_DUE] = {"Мерзімі", "Срок", "Deadline"},
    [WORD_LOG] = {"Журнал, қолы дұрыс", "Журнал, его подпись верна",
                  "The log, whose signature is good"},
    [WORD_LOG_ENTRY] = {"Ондағы нөмірі / барлығы", "Номер в нём / всего", "Number in it / of all"},
    [WORD_LOG_WHOLE] = {"ЖУРНАЛ ТОЛЫҚ: барлық жазба журнал қол қойған түбірге апарады.",
                        "ЖУРНАЛ ЦЕЛ: все записи ведут к корню, который подписал журнал.",
                        "THE LOG IS WHOLE: all entries lead to the root that the log signed."},
    [WORD_LOG_BROKEN] = {"ЖУРНАЛ БҰЛ ЕМЕС: бір жазба алынған, қосылған, өзгертілген немесе "
                         "ауыстырылған, не бұл басқа "
                         "тарих. Екі нұсқаны да сақтап, куәгерлер мен кеңселерге көрсетіңіз.",
                         "ЖУРНАЛ НЕ ТОТ: запись изъята, добавлена, изменена или переставлена, или "
                         "это другая история. "
                         "Сохраните обе версии и покажите свидетелям и узлам.",
                         "THIS IS NOT THE LOG: an entry was taken out, put in, changed or moved, "
                         "or this is another "
                         "history. Keep both, and show them to witnesses and offices."},
    [WORD_LOG_ENTRIES] = {"Жазба саны", "Записей", "Entries"},
    [WORD_LOG_HEADS] = {"Осы тарихтың басқа да бастары мен дәлелдері",
                        "Других контрольных точек и доказательств той же истории",
                        "Other heads and proofs of the same history"},
    [WORD_LOG_READ] = {"Әр жазба өз хешіне сай.", "Каждая запись соответствует своему хешу.",
                       "Each entry is the one of its hash."},
    [WORD_LOG_HASHES] = {"Жазбалардың өзі берілмеген, тек хештері тексерілді.",
                         "Самих записей здесь нет, проверены только их хеши.",
                         "The entries themselves are not here; their hashes were checked."},
    [WORD_STEP + VERIFY_STEP_FILE] =
        {"Дәлел файлы бүлінген немесе дәлел емес. Кеңседен файлды қайта алыңыз.",
         "Файл доказательства повреждён или это не доказательство. Возьмите его у узла ещё раз.",
         "The proof's file is damaged, or is no proof. Get it from the office again."},
    [WORD_STEP + VERIFY_STEP_NOTE] =
        {"Дәлелдегі журнал басы бүлінген. Кеңседен файлды қайта алыңыз.",
         "Контрольная точка журнала в доказательстве повреждена. Возьмите файл у узла ещё раз.",
         "The log's checkpoint in the proof is damaged. Get the file from the office again."},
    [WORD_STEP + VERIFY_STEP_PARTS] =
        {"Дәлелде есепке қатысты бөліктер жоқ немесе бүлінген. Кеңседен файлды қайта алыңыз.",
         "В доказательстве нет частей, относящихся к отчёту, или они повреждены. Возьмите файл у "
         "узла ещё раз.",
         "The parts of the proof that concern the report are missing or damaged. Get the file from "
         "the office again."},
    [WORD_STEP + VERIFY_STEP_LEAF] =
        {"Журналдағы жазба бұл түрдегі дәлелге келмейді. Есеп пе, файл ма (--file), тексеріңіз.",
         "Запись журнала не подходит для такого доказательства. Проверьте, отчёт это или файл "
         "(--file).",
         "The log's entry does not suit a proof of this kind. See whether it is a report or a file "
         "(--file)."},
    [WORD_STEP + VERIFY_STEP_TREE] =
        {"Жазба журналдың бұл күйінде жоқ: дәлел өзгертілген.",
         "Записи нет в журнале этого состояния: доказательство изменено.",
         "The entry is not in the log of this checkpoint: the proof was changed."},
    [WORD_STEP + VERIFY_STEP_STATEMENT] =
        {"Кеңсенің мәлімдемесі журналдағы жазбаға сай емес: дәлел өзгертілген.",
         "Заявление узла не то, о котором запись журнала: доказательство изменено.",
         "The office's statement is not the one of the log's entry: the proof was changed."},
    [WORD_STEP + VERIFY_STEP_BYTES] =
        {"Бұл дәлел басқа байттар туралы: есеп өзгертілген немесе дәлел басқа есептікі. Екеуі де "
         "кеңседен сол күйінде алынуы керек.",
         "Это доказательство о других байтах: отчёт изменён, или доказательство от другого отчёта. "
         "Возьмите у узла то и другое без изменений.",
         "This proof is of other bytes: the report was changed, or the proof is another report's. "
         "Get both from the office as they are."},
    [WORD_STEP + VERIFY_STEP_LOG] =
        {"Журналдың басына берілген кілтпен қол қойылмаған. Журнал кілтін комиссиядан алып "
         "салыстырыңыз.",
         "Контрольная точка не подписана указанным ключом журнала. Сверьте ключ журнала с "
         "опубликованным комиссией.",
         "The checkpoint is not signed by the log's key that you gave. Compare the key with the "
         "one that the commission publishes."},
    [WORD_STEP + VERIFY_STEP_WITNESS] =
        {"Куәгерлердің қолы дұрыс емес немесе сұралғаннан аз. Куәгер кілттерін, --quorum мәнін "
         "тексеріңіз немесе кеңседен жаңа дәлел сұраңыз.",
         "Подпись свидетеля неверна, или их меньше, чем требуется. Проверьте ключи свидетелей и "
         "--quorum или попросите у узла более позднее доказательство.",
         "A witness's signature is wrong, or there are fewer than asked for. Check the witnesses' "
         "keys and --quorum, or ask the office for a later proof."},
    [WORD_STEP + VERIFY_STEP_SIGNATURE] =
        {"Мәлімдемеге кеңсе емес, басқа біреу қол қойған. Кеңсе кілтін салыстырыңыз.",
         "Заявление подписано не этим узлом. Сверьте ключ узла.",
         "The statement is not signed by this office. Compare the office's key."},
    [WORD_STEP + VERIFY_STEP_BROKER] =
        {"Белгіге берілген брокер кілтімен қол қойылмаған. Кілтті оператор жариялағанымен "
         "салыстырыңыз.",
         "Отметка не подписана указанным ключом брокера. Сверьте ключ с опубликованным оператором.",
         "The note is not signed by the broker's key that you gave. Compare the key with the one "
         "that the operator publishes."},
};

const char *verify_word(unsigned word, enum verify_language language)
{
    return words[word][language];
}
