/* collector/refusal_text.c - see refusal_text.h: the sentences, and how one is found. */
#include "collector/refusal_text.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARGUMENTS = 3 };

static const struct title {
    unsigned status;
    const char *words[EXPORT_LANGUAGES]; /* as enum export_language has them, English last */
} titles[] = {
    {400, {"Сұрау дұрыс емес", "Неверный запрос", "Bad Request"}},
    {401, {"Кіру қажет", "Требуется вход", "Unauthorized"}},
    {403, {"Рұқсат жоқ", "Доступ запрещён", "Forbidden"}},
    {404, {"Табылмады", "Не найдено", "Not Found"}},
    {405, {"Бұл әдіс мұнда қолданылмайды", "Метод здесь не применяется", "Method Not Allowed"}},
    {409, {"Қайшылық", "Конфликт", "Conflict"}},
    {421,
     {"Сұрау басқа серверге арналған", "Запрос предназначен другому серверу",
      "Misdirected Request"}},
    {422, {"Орындауға болмайды", "Выполнить нельзя", "Unprocessable Content"}},
    {429, {"Сұраулар тым жиі", "Слишком много запросов", "Too Many Requests"}},
    {500, {"Сервер қатесі", "Ошибка сервера", "Internal Server Error"}},
    {502,
     {"Қабылдау қызметінің жауабы түсініксіз", "Непонятный ответ службы приёма", "Bad Gateway"}},
    {503, {"Қызмет уақытша қолжетімсіз", "Служба временно недоступна", "Service Unavailable"}},
};

/* English, Kazakh, Russian. {1}: what stands there, counted in the English one; {{ is a brace. */
static const struct sentence {
    const char *english, *kazakh, *russian;
} sentences[] = {
    /* at the door */
    {"log in first", "алдымен жүйеге кіріңіз", "сначала войдите в систему"},
    {"the request does not come from this page", "сұрау осы беттен келген жоқ",
     "запрос пришёл не с этой страницы"},
    {"the token of this login is missing: load the page anew",
     "осы кірудің белгісі жоқ: бетті қайта жүктеңіз",
     "нет метки этого входа: загрузите страницу заново"},
    {"this account has not the right to it", "бұл тіркелгінің оған құқығы жоқ",
     "у этой учётной записи нет на это права"},
    {"accounts take a login with a second factor: ask the operator for one",
     "тіркелгілермен жұмыс істеу үшін екінші фактормен кіру керек: оны оператордан сұраңыз",
     "для работы с учётными записями нужен вход со вторым фактором: обратитесь за ним к оператору"},
    {"no such host here: see web.hosts", "мұнда ондай атау жоқ: web.hosts қараңыз",
     "такого имени здесь нет: см. web.hosts"},
    {"name, password or code are not right", "атау, құпиясөз немесе код дұрыс емес",
     "имя, пароль или код неверны"},
    {"as many people are logged in as this server takes: try again later",
     "жүйеге кіргендер саны шегіне жетті: кейінірек қайталаңыз",
     "в систему вошло столько людей, сколько сервер принимает: повторите позже"},
    {"an administrator logs in with a second factor: ask the operator for one",
     "әкімші екінші фактормен кіреді: оны оператордан сұраңыз",
     "администратор входит со вторым фактором: обратитесь за ним к оператору"},
    {"the password could not be kept: the old one holds",
     "құпиясөзді сақтау мүмкін болмады: бұрынғысы күшінде",
     "пароль не удалось сохранить: действует прежний"},
    {"many log in just now: try again", "қазір көп адам кіріп жатыр: қайталаңыз",
     "сейчас входят многие: повторите попытку"},
    {"too many logins that failed: wait", "сәтсіз кіру тым көп болды: күте тұрыңыз",
     "слишком много неудачных входов: подождите"},
    {"the password is too short: at least {1} letters", "құпиясөз тым қысқа: кемінде {1} таңба",
     "пароль слишком короткий: не меньше {1} знаков"},
    {"the password is too long: at most {1} bytes", "құпиясөз тым ұзын: ең көбі {1} байт",
     "пароль слишком длинный: не больше {1} байт"},
    {"the password is little more than the account's name",
     "құпиясөз тіркелгі атауынан аз ғана ерекшеленеді",
     "пароль почти совпадает с именем учётной записи"},
    {"a login is {{\"name\", \"password\"}} as JSON, with \"code\" or \"invitation\" where they "
     "are needed",
     "кіру: JSON түрінде {{\"name\", \"password\"}}, қажет болса \"code\" немесе \"invitation\"",
     "вход: {{\"name\", \"password\"}} в JSON, где нужно с \"code\" или \"invitation\""},
    /* of the server itself */
    {"no memory", "жад жетпейді", "не хватает памяти"},
    {"no memory: try again", "жад жетпейді: қайталаңыз", "не хватает памяти: повторите попытку"},
    {"the server's log says why", "себебі сервер журналында жазылған",
     "причина указана в журнале сервера"},
    {"the page is ending: try again", "бет тоқтап жатыр: қайталаңыз",
     "страница завершает работу: повторите попытку"},
    {"the page is busy, or ending: try again", "бет бос емес немесе тоқтап жатыр: қайталаңыз",
     "страница занята или завершает работу: повторите попытку"},
    {"many decisions wait just now: try again", "қазір көп шешім кезекте тұр: қайталаңыз",
     "сейчас ожидает много решений: повторите попытку"},
    {"web.control is not configured: this page only shows",
     "web.control бапталмаған: бұл бет тек көрсетеді",
     "web.control не настроен: эта страница только показывает"},
    {"nobody listens at {1}: is the daemon running?",
     "қабылдау қызметі жауап бермейді: ол іске қосылған ба?",
     "служба приёма не отвечает: запущена ли она?"},
    {"no answer at {1} within {2} ms: is the daemon running?",
     "қабылдау қызметі уақытында жауап бермеді: ол іске қосылған ба?",
     "служба приёма не ответила вовремя: запущена ли она?"},
    {"no answer at {1}", "қабылдау қызметі жауап бермейді", "служба приёма не отвечает"},
    {"as many live viewers as this server takes: the page asks again by itself",
     "тікелей көрушілер саны шегіне жетті: бет өзі қайта сұрайды",
     "живых зрителей столько, сколько сервер принимает: страница повторит запрос сама"},
    {"busy: order again", "бос емес: қайта жіберіңіз", "занято: отправьте ещё раз"},
    {"the store is full: make room, then order again", "қойма толды: орын босатып, қайта жіберіңіз",
     "хранилище заполнено: освободите место и отправьте ещё раз"},
    {"the collector is stopping: order again when it is back",
     "қабылдау қызметі тоқтап жатыр: қайта қосылғанда жіберіңіз",
     "служба приёма останавливается: отправьте, когда она вернётся"},
    {"ingest is starting anew, nothing was done: order again",
     "қабылдау қызметі қайта қосылуда, ештеңе жасалған жоқ: қайта жіберіңіз",
     "служба приёма запускается заново, ничего не сделано: отправьте ещё раз"},
    {"the order is too large", "бұйрық тым үлкен", "распоряжение слишком велико"},
    {"the order cannot be read", "бұйрықты оқу мүмкін емес", "распоряжение не читается"},
    {"the order says nothing that this collector knows", "бұйрықта белгілі ештеңе жоқ",
     "в распоряжении нет ничего известного"},
    /* repeats */
    {"a write carries an Idempotency-Key of 1 to 64 letters of the caller's own",
     "жазу сұрауында 1–64 таңбалы Idempotency-Key болуы керек",
     "запрос на запись несёт Idempotency-Key из 1–64 знаков"},
    {"this Idempotency-Key was another request's: each new one takes a key of its own",
     "бұл Idempotency-Key басқа сұраудікі: әр жаңа сұрауға өз кілті керек",
     "этот Idempotency-Key принадлежал другому запросу: каждому новому нужен свой ключ"},
    {"a request of this key is under way: ask again for its answer",
     "осы кілтті сұрау орындалуда: жауабын қайта сұраңыз",
     "запрос с этим ключом выполняется: спросите ответ ещё раз"},
    /* rights */
    {"account {1} is closed", "{1} тіркелгісі жабылған", "учётная запись {1} закрыта"},
    {"account {1} is closed, and stays so", "{1} тіркелгісі біржола жабылған",
     "учётная запись {1} закрыта навсегда"},
    {"account {1} ({2}) has not the right: {3}", "{1} тіркелгісінің бұған құқығы жоқ",
     "у учётной записи {1} нет права на это"},
    {"nobody reviews a report of the own body, nor for one whose body it is: account {1} leaves "
     "this one to another",
     "өз органының есебін ешкім қарамайды, сол органның өкілі үшін де: {1} мұны басқаға қалдырсын",
     "отчёт своего органа никто не рассматривает, в том числе за того, чей это орган: {1} "
     "оставляет его другому"},
    {"plans, offices, their keys and second factors are the operators': no account orders them",
     "жоспарлар, кеңселер, олардың кілттері мен екінші факторлар операторлардың құзырында",
     "планы, рабочие места, их ключи и вторые факторы ведут операторы, а не учётные записи"},
    {"nobody changes the own account: ask another administrator",
     "өз тіркелгісін ешкім өзгертпейді: басқа әкімшіден сұраңыз",
     "свою учётную запись никто не меняет: обратитесь к другому администратору"},
    {"that is for account {1} itself", "мұны {1} тіркелгісінің иесі ғана жасайды",
     "это делает только сам владелец {1}"},
    {"there is no account \"{1}\"", "«{1}» деген тіркелгі жоқ", "учётной записи «{1}» нет"},
    /* accounts */
    {"an account needs a role: viewer, reviewer, secretary or administrator",
     "тіркелгіге рөл керек: viewer, reviewer, secretary немесе administrator",
     "учётной записи нужна роль: viewer, reviewer, secretary или administrator"},
    {"no plan has a body \"{1}\": load the plan first, or check the code of the body",
     "ешбір жоспарда «{1}» органы жоқ: кодын тексеріңіз немесе алдымен жоспарды жүктеңіз",
     "органа «{1}» нет ни в одном плане: проверьте код или сначала загрузите план"},
    {"an account's name is 1 to {1} of a-z 0-9 . _ -",
     "тіркелгі атауы: a-z 0-9 . _ - таңбаларынан, 1–{1}",
     "имя учётной записи: от 1 до {1} знаков a-z 0-9 . _ -"},
    {"{1} is the name of an operator: take another", "{1}: оператордың атауы, басқасын алыңыз",
     "{1}: имя оператора, возьмите другое"},
    {"a display name is one line of at most {1} bytes",
     "көрсетілетін аты: бір жол, ең көбі {1} байт",
     "показываемое имя: одна строка, не больше {1} байт"},
    {"there is no open account \"{1}\" to stand in for", "орнын басатын ашық «{1}» тіркелгісі жоқ",
     "нет открытой учётной записи «{1}», чтобы её замещать"},
    {"nobody stands in for himself", "ешкім өз орнын өзі баспайды", "никто не замещает сам себя"},
    {"the last day, {1}, is before the first", "соңғы күн ({1}) бірінші күннен бұрын",
     "последний день ({1}) раньше первого"},
    {"until {1} has passed", "{1} күні өтіп кетті", "день {1} уже прошёл"},
    {"an account is added, given a role, closed, or a substitute",
     "тіркелгіні қосуға, рөлін өзгертуге, жабуға, орынбасар етуге болады",
     "учётную запись заводят, меняют ей роль, закрывают или делают заместителем"},
    {"there is an account \"{1}\" already, or was: a name is given once",
     "«{1}» тіркелгісі бар немесе болған: атау бір рет беріледі",
     "учётная запись «{1}» уже есть или была: имя даётся один раз"},
    {"there is no account \"{1}\": see `account list`", "«{1}» деген тіркелгі жоқ",
     "учётной записи «{1}» нет"},
    {"there is no open account \"{1}\": see `account list`", "ашық «{1}» тіркелгісі жоқ",
     "открытой учётной записи «{1}» нет"},
    {"there is no open account of that name", "мұндай атаумен ашық тіркелгі жоқ",
     "открытой учётной записи с таким именем нет"},
    {"that is nothing an account is let in by", "тіркелгі мұнымен кірмейді",
     "этим учётную запись не впускают"},
    {"a hash of 32 bytes goes with an invitation and a calendar's address, and with nothing else",
     "32 байттық хеш шақыру мен күнтізбе мекенжайына ғана тиесілі",
     "хеш из 32 байт бывает только у приглашения и адреса календаря"},
    {"an invitation, and nothing else, ends in the future, within 31 days",
     "шақырудың ғана мерзімі болады: 31 күннен аспайды",
     "срок есть только у приглашения: в будущем, не дальше 31 дня"},
    {"the invitation could not be kept: the server's log says why",
     "шақыруды сақтау мүмкін болмады: себебі сервер журналында",
     "приглашение не удалось сохранить: причина в журнале сервера"},
    {"of an account: its role, close, substitute, invitation",
     "тіркелгіде: role, close, substitute, invitation",
     "у учётной записи: role, close, substitute, invitation"},
    {"an account is {{\"name\", \"role\", \"display\", \"body\"}}; role is viewer, reviewer, "
     "secretary or administrator",
     "тіркелгі: {{\"name\", \"role\", \"display\", \"body\"}}; role: viewer, reviewer, secretary "
     "немесе administrator",
     "учётная запись: {{\"name\", \"role\", \"display\", \"body\"}}; role: viewer, reviewer, "
     "secretary или administrator"},
    {"a role is {{\"role\"}}, with \"body\", or \"no_body\": true; role is viewer, reviewer, "
     "secretary or administrator",
     "рөл: {{\"role\"}}, \"body\" немесе \"no_body\": true; role: viewer, reviewer, secretary "
     "немесе administrator",
     "роль: {{\"role\"}} с \"body\" или \"no_body\": true; role: viewer, reviewer, secretary или "
     "administrator"},
    {"closing takes {{}}: it is for good", "жабу үшін {{}} жіберіледі: біржола жабылады",
     "закрытие принимает {{}}: оно навсегда"},
    {"a substitute is {{\"for\", \"from\", \"until\"}}, both days included, or {{\"nobody\": "
     "true}}",
     "орынбасар: {{\"for\", \"from\", \"until\"}}, екі күн де кіреді, немесе {{\"nobody\": true}}",
     "заместитель: {{\"for\", \"from\", \"until\"}}, оба дня включены, или {{\"nobody\": true}}"},
    /* calendars */
    {"a calendar's address is for account {1} itself",
     "күнтізбе мекенжайын {1} тіркелгісінің иесі ғана алады",
     "адрес календаря получает только сам владелец {1}"},
    {"account {1} has no calendar's address", "{1} тіркелгісінің күнтізбе мекенжайы жоқ",
     "у учётной записи {1} нет адреса календаря"},
    {"this account has no calendar's address", "бұл тіркелгінің күнтізбе мекенжайы жоқ",
     "у этой учётной записи нет адреса календаря"},
    {"a calendar's address takes {{}}: it is drawn here, and the one before is void",
     "күнтізбе мекенжайы {{}} бойынша беріледі: бұрынғысы жарамсыз болады",
     "адрес календаря принимает {{}}: он создаётся здесь, прежний недействителен"},
    {"this calendar is asked for too often: wait", "бұл күнтізбе тым жиі сұралады: күте тұрыңыз",
     "этот календарь запрашивают слишком часто: подождите"},
    /* decisions */
    {"{1} is longer than {2} bytes", "{1}: {2} байттан ұзын", "{1}: длиннее {2} байт"},
    {"{1} is missing: say it", "{1} көрсетілмеген", "не указано: {1}"},
    {"{1}: \"{2}\" is no day such as 2013-07-31", "{1}: «{2}» күн емес, үлгі: 2013-07-31",
     "{1}: «{2}» не день, образец: 2013-07-31"},
    {"no report at log index {1} waits for a review: it was superseded or withdrawn, or is no "
     "report; see `reports`",
     "журналдың {1}-жазбасында қарауды күтіп тұрған есеп жоқ: ол ауыстырылған, қайтарып алынған "
     "немесе есеп емес",
     "в записи журнала {1} нет отчёта, ожидающего рассмотрения: он заменён, отозван или это не "
     "отчёт"},
    {"report {1} does not stand: superseded, withdrawn or never taken",
     "{1}-есеп күшінде емес: ауыстырылған, қайтарып алынған немесе қабылданбаған",
     "отчёт {1} не действует: заменён, отозван или не был принят"},
    {"the report at log index {1} has another content hash than the review names",
     "журналдың {1}-жазбасындағы есептің хеші қарауда аталғаннан өзгеше",
     "у отчёта в записи журнала {1} другой хеш, чем назван в рассмотрении"},
    {"an accepted report does not come back: leave out again_by",
     "қабылданған есеп қайта тапсырылмайды: мерзім көрсетпеңіз",
     "принятый отчёт не возвращается: не указывайте срок повторной сдачи"},
    {"again_by {1} has passed", "қайта тапсыру күні ({1}) өтіп кетті",
     "день повторной сдачи ({1}) уже прошёл"},
    {"there is no obligation \"{1}\": see `obligations`", "«{1}» міндеттемесі жоқ",
     "обязательства «{1}» нет"},
    {"no plan asks for \"{1}\"", "ешбір жоспар «{1}» дегенді талап етпейді",
     "ни один план не требует «{1}»"},
    {"{1} is no longer part of the plan", "{1} енді жоспарда жоқ", "{1} больше не входит в план"},
    {"{1} is no longer on control", "{1} бақылаудан алынған", "{1} снято с контроля"},
    {"it is due on {1}: an extension must be later", "мерзімі {1}: ұзарту одан кейін болуы керек",
     "срок {1}: продление должно быть позже"},
    {"an extension never shortens: {1}", "ұзарту мерзімді қысқартпайды: {1}",
     "продление не сокращает срок: {1}"},
    {"control knows remove and restore", "бақылау: remove немесе restore",
     "контроль знает remove и restore"},
    {"{1} is on control already", "{1} бақылауда тұр", "{1} уже на контроле"},
    {"{1} is removed from control already", "{1} бақылаудан алынған", "{1} уже снято с контроля"},
    {"a review is {{\"report_index\", \"accept\"}} with \"reason_code\", \"comment\", \"again_by\" "
     "where it returns; "
     "\"report_indexes\" (1 to 100) can only be accepted",
     "қарау: {{\"report_index\", \"accept\"}}, қайтарғанда \"reason_code\", \"comment\", "
     "\"again_by\"; "
     "\"report_indexes\" (1–100) тек қабылданады",
     "рассмотрение: {{\"report_index\", \"accept\"}}, при возврате с \"reason_code\", \"comment\", "
     "\"again_by\"; "
     "\"report_indexes\" (от 1 до 100) можно только принять"},
    {"an extension is {{\"obligation\", \"until\", \"document\", \"reason\"}}, or \"refuse\": true "
     "in place of \"until\"",
     "ұзарту: {{\"obligation\", \"until\", \"document\", \"reason\"}} немесе \"until\" орнына "
     "\"refuse\": true",
     "продление: {{\"obligation\", \"until\", \"document\", \"reason\"}} или \"refuse\": true "
     "вместо \"until\""},
    {"a control is {{\"obligation\", \"act\": \"remove\" or \"restore\", \"reason\"}}",
     "бақылау: {{\"obligation\", \"act\": \"remove\" немесе \"restore\", \"reason\"}}",
     "контроль: {{\"obligation\", \"act\": \"remove\" или \"restore\", \"reason\"}}"},
    /* exports */
    {"as many of your exports wait as one account may have: fetch or delete some once they are "
     "made",
     "кезектегі экспорттарыңыздың саны шегіне жетті: дайындарын алып немесе жойып көріңіз",
     "ваших выгрузок в очереди столько, сколько можно: заберите или удалите готовые"},
    {"as many exports wait as this server takes: try again in some minutes",
     "кезектегі экспорттар саны шегіне жетті: бірнеше минуттан кейін қайталаңыз",
     "выгрузок в очереди столько, сколько сервер принимает: повторите через несколько минут"},
    {"no such export of yours: it was not asked for, or is gone again",
     "мұндай экспортыңыз жоқ: сұралмаған немесе жойылған",
     "такой вашей выгрузки нет: её не запрашивали или она уже удалена"},
    {"it is not made yet", "әлі дайын емес", "ещё не готово"},
    {"it could not be made: the server's log says why",
     "жасау мүмкін болмады: себебі сервер журналында",
     "сделать не удалось: причина в журнале сервера"},
    {"it took longer than ten minutes", "он минуттан ұзаққа созылды", "заняло больше десяти минут"},
    {"this server cannot make it now: try again later",
     "сервер қазір жасай алмайды: кейінірек қайталаңыз",
     "сервер сейчас не может это сделать: повторите позже"},
    {"it is larger than the {1} KiB that one may be", "рұқсат етілген {1} КиБ-тан үлкен",
     "больше допустимых {1} КиБ"},
    {"whoever looks after the server ended it ({1})", "оны сервердің иесі тоқтатты ({1})",
     "её остановили на сервере ({1})"},
    {"too many files are open: try again", "ашық файлдар тым көп: қайталаңыз",
     "открыто слишком много файлов: повторите попытку"},
    {"a file is named by a report's log index and its SHA-256",
     "файл есептің журналдағы нөмірімен және SHA-256 мәнімен аталады",
     "файл называется номером отчёта в журнале и его SHA-256"},
    {"no report of this number names such a file", "бұл нөмірдегі есепте мұндай файл жоқ",
     "в отчёте с этим номером нет такого файла"},
    {"the file has not come yet: its office sends it when it has a link",
     "файл әлі келген жоқ: байланыс болғанда орган жібереді",
     "файл ещё не пришёл: орган отправит его, когда будет связь"},
    {"a file goes with its export: delete that", "файл экспортпен бірге жойылады: соны жойыңыз",
     "файл удаляется вместе с выгрузкой: удалите её"},
    {"an export is {{\"format\", \"language\", \"year\", \"plan\"}}; with \"table\" and "
     "\"semicolon\" for csv, \"body\" for ics",
     "экспорт: {{\"format\", \"language\", \"year\", \"plan\"}}; csv үшін \"table\", "
     "\"semicolon\", ics үшін \"body\"",
     "выгрузка: {{\"format\", \"language\", \"year\", \"plan\"}}; для csv \"table\" и "
     "\"semicolon\", для ics \"body\""},
    {"format is docx, pdf, xlsx, csv, json or ics", "format: docx, pdf, xlsx, csv, json немесе ics",
     "format: docx, pdf, xlsx, csv, json или ics"},
    {"language is kk, ru or en", "language: kk, ru немесе en", "language: kk, ru или en"},
    {"year is a year of the plan, such as 2013; only a calendar may leave it out",
     "year: жоспардың жылы, мысалы 2013; тек күнтізбеде болмауы мүмкін",
     "year: год плана, например 2013; не указывать его может только календарь"},
    {"table and semicolon go with csv", "table мен semicolon тек csv үшін",
     "table и semicolon бывают только у csv"},
    {"body goes with ics", "body тек ics үшін", "body бывает только у ics"},
    {"no such plan here", "мұндай жоспар жоқ", "такого плана здесь нет"},
    /* what is read */
    {"{1}: allowed are{2}", "{1}: рұқсат етілгені:{2}", "{1}: допустимо:{2}"},
    {"{1}: not a day such as 2013-06-30", "{1}: күн емес, үлгі: 2013-06-30",
     "{1}: не день, образец: 2013-06-30"},
    {"{1}: not a whole number from {2} to {3}", "{1}: {2}–{3} аралығындағы бүтін сан емес",
     "{1}: не целое число от {2} до {3}"},
    {"a report is named by its log index", "есеп журнал нөмірімен аталады",
     "отчёт называют по номеру в журнале"},
    {"action: the plan {1} has no action {2}", "{1} жоспарында {2}-іс-шара жоқ",
     "в плане {1} нет мероприятия {2}"},
    {"the plan {1} has no action {2}", "{1} жоспарында {2}-іс-шара жоқ",
     "в плане {1} нет мероприятия {2}"},
    {"body: the plan {1} has no body {2}", "{1} жоспарында {2} органы жоқ",
     "в плане {1} нет органа {2}"},
    {"the plan {1} has no body {2}", "{1} жоспарында {2} органы жоқ", "в плане {1} нет органа {2}"},
    {"from: it is later than to", "from: to күнінен кейін", "from: позже, чем to"},
    {"kind: fulfilment or annual", "kind: fulfilment немесе annual", "kind: fulfilment или annual"},
    {"lang: kk, ru or en", "lang: kk, ru немесе en", "lang: kk, ru или en"},
    {"log entry {1} is no report", "журналдың {1}-жазбасы есеп емес",
     "запись журнала {1} не отчёт"},
    {"the log has no entry {1} yet", "журналда {1}-жазба әзірге жоқ",
     "в журнале пока нет записи {1}"},
    {"no plan is loaded yet", "әзірге жоспар жүктелмеген", "план ещё не загружен"},
    {"plan: there is no plan {1}", "{1} деген жоспар жоқ", "плана {1} нет"},
    {"q: more than {1} words", "q: {1} сөзден көп", "q: больше {1} слов"},
    {"q: not UTF-8, or longer than {1} bytes", "q: UTF-8 емес немесе {1} байттан ұзын",
     "q: не UTF-8 или длиннее {1} байт"},
    {"there is no obligation {1}", "{1} міндеттемесі жоқ", "обязательства {1} нет"},
};

const char *refusal_title(unsigned status, enum export_language language)
{
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (titles[i].status == status)
            return titles[i].words[language];
    }
    return "";
}

/* Each of the languages that are named, with its weight; "*" is ours to choose. */
enum export_language refusal_language(const char *accept)
{
    enum export_language best = EXPORT_EN;
    double weight = 0;
    for (const char *at = accept; at != NULL && *at != '\0';) {
        enum export_language language = EXPORT_LANGUAGES;
        char code[3] = "";
        at += strspn(at, " \t,");
        const size_t len = strcspn(at, ",");
        const size_t name = strcspn(at, "-; \t,");
        const char *q = memchr(at, ';', len);
        const char *value = q != NULL ? q + 1 + strspn(q + 1, " \t") : "";
        const double given = strncmp(value, "q=", 2) == 0 ? strtod(value + 2, NULL) : 1;
        if (name == 2)
            memcpy(code, at, 2);
        if (export_language_parse(code, &language) && given > weight) {
            best = language;
            weight = given;
        }
        at += len;
    }
    return best;
}

struct argument {
    const char *text;
    size_t len;
};

/* A letter of a pattern that stands for itself: how many it takes there; 0: there is none. */
static size_t literal(const char *pattern)
{
    if (*pattern == '\0' || (*pattern == '{' && pattern[1] != '{'))
        return 0;
    return (*pattern == '{' || *pattern == '}') && pattern[1] == *pattern ? 2 : 1;
}

/* Whether the text goes on with the letters up to the pattern's next argument, or to its end. */
static bool goes_on(const char *pattern, const char *text)
{
    size_t len = 0;
    for (size_t step = 0; (step = literal(pattern)) > 0; pattern += step) {
        if (text[len++] != *pattern)
            return false;
    }
    return *pattern != '\0' || text[len] == '\0';
}

/* An argument reaches to where what follows it first fits; false: it does nowhere. */
static bool argument_fits(const char *pattern, const char *text, size_t *ret_len)
{
    const size_t most = strlen(text);
    for (size_t len = 0; len <= most; len++) {
        if (goes_on(pattern, text + len)) {
            *ret_len = len;
            return true;
        }
    }
    return false;
}

static bool fits(const char *pattern, const char *text, struct argument ret[ARGUMENTS])
{
    while (*pattern != '\0') {
        const size_t step = literal(pattern);
        if (step > 0) {
            if (*text++ != *pattern)
                return false;
            pattern += step;
            continue;
        }
        struct argument *argument = &ret[pattern[1] - '1'];
        pattern += strlen("{1}");
        argument->text = text;
        if (!argument_fits(pattern, text, &argument->len))
            return false;
        text += argument->len;
    }
    return *text == '\0';
}

static void fill(const char *pattern, const struct argument arguments[ARGUMENTS], char *out)
{
    size_t have = 0;
    while (*pattern != '\0' && have + 1 < REFUSAL_BYTES_MAX) {
        const size_t step = literal(pattern);
        struct argument piece = {pattern, 1};
        if (step == 0)
            piece = arguments[pattern[1] - '1'];
        if (piece.len > REFUSAL_BYTES_MAX - 1 - have)
            piece.len = REFUSAL_BYTES_MAX - 1 - have;
        memcpy(out + have, piece.text, piece.len);
        have += piece.len;
        pattern += step > 0 ? step : strlen("{1}");
    }
    out[have] = '\0';
}

void refusal_say(enum export_language language, const char *english, char *out)
{
    struct argument arguments[ARGUMENTS] = {{"", 0}, {"", 0}, {"", 0}};
    const struct sentence *found = NULL;
    for (size_t i = 0; found == NULL && i < sizeof sentences / sizeof sentences[0]; i++) {
        if (language != EXPORT_EN && fits(sentences[i].english, english, arguments))
            found = &sentences[i];
    }
    if (found == NULL)
        (void)snprintf(out, REFUSAL_BYTES_MAX, "%s", english);
    else
        fill(language == EXPORT_KK ? found->kazakh : found->russian, arguments, out);
    esep_text_line(out, REFUSAL_BYTES_MAX, out); /* no half letter where it was cut */
}
