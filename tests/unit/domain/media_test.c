/* tests/unit/domain/media_test.c - is what a file is told from its content, and does nothing get in
 * that runs, or that its name makes into something else?
 */
#include "domain/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

static struct esep_reason reason;

static const char *type_of(struct esep_slice content, const char *name)
{
    const struct esep_media *media = NULL;
    reason.text[0] = '\0';
    if (esep_media_check(content, name, &media, &reason) != ESEP_OK) {
        assert_string_not_equal(reason.text, "");
        return NULL;
    }
    return media->type;
}

/* An archive of stored parts: "name=content". */
struct zip {
    uint8_t bytes[8192];
    size_t len;
    uint8_t list[4096];
    size_t list_len;
    unsigned count;
};

static void put(uint8_t *out, size_t *len, const void *data, size_t bytes)
{
    memcpy(out + *len, data, bytes);
    *len += bytes;
}

static void put16(uint8_t *out, size_t at, size_t value)
{
    out[at] = (uint8_t)value;
    out[at + 1] = (uint8_t)(value >> 8);
}

static void add(struct zip *zip, const char *name, const char *content)
{
    uint8_t local[30] = "PK\3\4", entry[46] = "PK\1\2";
    put16(local, 18, strlen(content));
    put16(local, 22, strlen(content));
    put16(local, 26, strlen(name));
    put16(entry, 20, strlen(content));
    put16(entry, 24, strlen(content));
    put16(entry, 28, strlen(name));
    put16(entry, 42, zip->len);
    put(zip->bytes, &zip->len, local, sizeof local);
    put(zip->bytes, &zip->len, name, strlen(name));
    put(zip->bytes, &zip->len, content, strlen(content));
    put(zip->list, &zip->list_len, entry, sizeof entry);
    put(zip->list, &zip->list_len, name, strlen(name));
    zip->count++;
}

static struct esep_slice finished(struct zip *zip)
{
    uint8_t end[22] = "PK\5\6";
    put16(end, 8, zip->count);
    put16(end, 10, zip->count);
    put16(end, 12, zip->list_len);
    put16(end, 16, zip->len);
    put(zip->bytes, &zip->len, zip->list, zip->list_len);
    put(zip->bytes, &zip->len, end, sizeof end);
    return esep_slice(zip->bytes, zip->len);
}

/* A document with one part more; extra NULL: without. */
static struct esep_slice ooxml(struct zip *zip, const char *body, const char *extra)
{
    *zip = (struct zip){.len = 0};
    add(zip, "[Content_Types].xml", "<Types/>");
    add(zip, "_rels/.rels", "<Relationships/>");
    add(zip, body, "<document/>");
    if (extra != NULL)
        add(zip, extra, "x");
    return finished(zip);
}

static struct esep_slice odf(struct zip *zip, const char *type, const char *extra)
{
    *zip = (struct zip){.len = 0};
    add(zip, "mimetype", type);
    add(zip, "content.xml", "<office:document-content/>");
    if (extra != NULL)
        add(zip, extra, "x");
    return finished(zip);
}

#define TEXT(literal) esep_slice((literal), sizeof(literal) - 1)
#define DOCX "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#define XLSX "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#define ODT "application/vnd.oasis.opendocument.text"
#define ODS "application/vnd.oasis.opendocument.spreadsheet"
#define PNG_HEAD "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\2\0\0\0\1\2\3\4"

static void test_what_is_taken(void **state)
{
    (void)state;
    static struct zip zip;
    assert_string_equal(type_of(TEXT("%PDF-1.7\nx\n%%EOF\n"), "a.pdf"), "application/pdf");
    assert_string_equal(type_of(TEXT("%PDF-1.7\nx\n%%EOF"), "Скан 1.PDF"), "application/pdf");
    assert_string_equal(type_of(TEXT("\xff\xd8\xff\xe0 and so on"), "a.jpeg"), "image/jpeg");
    assert_string_equal(type_of(TEXT(PNG_HEAD " and"), "a.png"), "image/png");
    assert_string_equal(type_of(TEXT("II*\0\10\0\0\0\0\0"), "a.tif"), "image/tiff");
    assert_string_equal(type_of(TEXT("MM\0*\0\0\0\10\0\0"), "a.tiff"), "image/tiff");
    assert_string_equal(
        type_of(ooxml(&zip, "word/document.xml", "word/media/image1.svg"), "a.docx"), DOCX);
    assert_string_equal(
        type_of(ooxml(&zip, "xl/workbook.xml", "xl/printerSettings/printerSettings1.bin"),
                "a.xlsx"),
        XLSX);
    assert_string_equal(type_of(odf(&zip, ODT, "Object 1/content.xml"), "a.odt"), ODT);
    assert_string_equal(type_of(odf(&zip, ODS, NULL), "a.ods"), ODS);
    assert_string_equal(type_of(TEXT("Есеп\r\n1\t2"), "a.txt"), "text/plain");
    assert_string_equal(type_of(TEXT("\xef\xbb\xbf"
                                     "BMW: 1 < 2"),
                                "a.txt"),
                        "text/plain");
    assert_string_equal(type_of(TEXT("BMW"), "a.txt"), "text/plain");
    for (size_t i = 0; esep_media_at(i) != NULL; i++)
        assert_ptr_equal(esep_media_find(esep_media_at(i)->type), esep_media_at(i));
    assert_null(esep_media_find("text/html"));
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *name, *why;
    } rows[] = {
#define ROW(literal, name, why) {(literal), sizeof(literal) - 1, (name), (why)}
        ROW("", "a.pdf", "empty"),
        ROW("%PDF-1.7\nx\n", "a.pdf", "cut off"),
        ROW("MZ\x90\0\3\0", "a.pdf", "program"),
        ROW("\177ELF\2\1", "a.txt", "program"),
        ROW("#!/bin/sh\nrm", "a.txt", "script"),
        ROW("<!DOCTYPE html><html>", "a.txt", "HTML"),
        ROW("\xef\xbb\xbf \n\t<svg onload='x'>", "a.txt", "HTML"),
        ROW("<?xml version='1.0'?><a/>", "a.txt", "HTML"),
        ROW("see this:\n<SCRIPT>alert(1)</SCRIPT>", "a.txt", "HTML"),
        ROW("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 doc", "a.doc", "DOCX"),
        ROW("{\\rtf1 x}", "a.rtf", "RTF"),
        ROW("Rar!\x1a\7\0", "a.rar", "archive"),
        ROW("\x1f\x8b\10\0", "a.gz", "archive"),
        ROW("GIF89a\0\0", "a.gif", "PNG"),
        ROW("\xff\xfe"
            "a\0",
            "a.txt", "UTF-8"),
        ROW("\xcf\xf0\xe8\xe2\xe5\xf2", "a.txt", "UTF-8"), /* windows-1251 */
        ROW("a\0b", "a.txt", "none of the kinds"),
        ROW("II*\0\xff\xff\xff\0", "a.tif", "none of the kinds"),
        ROW("%PDF-1.7\nx\n%%EOF\n", "a", "add .pdf"),
        ROW("%PDF-1.7\nx\n%%EOF\n", "a.pdf.exe", "name it .pdf"),
        ROW("%PDF-1.7\nx\n%%EOF\n", ".pdf", "add .pdf"),
        ROW("%PDF-1.7\nx\n%%EOF\n", "a.", "add .pdf"),
        ROW("%PDF-1.7\nx\n%%EOF\n", "a.jpg", "says .jpg"),
        ROW("\xff\xd8\xff\xe0", "a.jpg jpeg", "JPEG"),
        ROW("a;b\n1;2\n", "a.csv", "plain text"),
        ROW("PK\3\4", "a.docx", "cut off"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_null(type_of(esep_slice(rows[i].bytes, rows[i].len), rows[i].name));
        if (strstr(reason.text, rows[i].why) == NULL)
            fail_msg("row %zu says '%s', not '%s'", i, reason.text, rows[i].why);
    }
    const struct esep_media *media = NULL;
    static const uint8_t one[1] = "x"; /* only its length is looked at */
    assert_int_equal(esep_media_check(esep_slice(one, (size_t)ESEP_MEDIA_FILE_BYTES_MAX + 1),
                                      "a.txt", &media, &reason),
                     ESEP_LIMIT);
    assert_null(media);
}

static void test_documents_that_run_something(void **state)
{
    (void)state;
    static struct zip zip;
    static const char *const parts[] = {
        "word/vbaProject.bin",
        "word\\VBAPROJECT.BIN",
        "xl/macrosheets/sheet1.xml",
        "Basic/Standard/a.xml",
        "Scripts/python/a.py",
        "word/activeX/activeX1.xml",
        "word/embeddings/oleObject1.bin",
        "word/embeddings/a.bin",
        "word/media/a.exe",
        "word/a.htm",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        assert_null(type_of(ooxml(&zip, "word/document.xml", parts[i]), "a.docx"));
        assert_null(type_of(ooxml(&zip, "xl/workbook.xml", parts[i]), "a.xlsx"));
        assert_null(type_of(odf(&zip, ODT, parts[i]), "a.odt"));
    }
    assert_null(type_of(ooxml(&zip, "word/document.xml", NULL), "a.xlsx"));
    assert_null(type_of(ooxml(&zip, "word/document.xml", "xl/workbook.xml"), "a.docx"));
    assert_null(type_of(ooxml(&zip, "xl/workbook.bin", NULL), "a.xlsb"));
    assert_null(type_of(ooxml(&zip, "ppt/presentation.xml", NULL), "a.pptx"));
    assert_null(
        type_of(odf(&zip, "application/vnd.oasis.opendocument.text-master", NULL), "a.odt"));
    assert_null(type_of(odf(&zip, ODT, "word/document.xml"), "a.odt"));
    zip = (struct zip){.len = 0};
    add(&zip, "a.pdf", "%PDF-1.7 %%EOF");
    assert_null(type_of(finished(&zip), "a.zip"));
    assert_non_null(strstr(reason.text, "archive"));
}

/* Cut anywhere, or with any byte changed: never taken for another kind, never read past the end. */
static void test_damaged_documents(void **state)
{
    (void)state;
    static struct zip zip;
    uint8_t copy[sizeof zip.bytes];
    const struct esep_slice whole = ooxml(&zip, "word/document.xml", NULL);
    for (size_t len = 0; len < whole.len; len++) {
        memcpy(copy, whole.data, len);
        assert_null(type_of(esep_slice(copy, len), "a.docx"));
    }
    for (size_t at = 0; at < whole.len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, whole.data, whole.len);
            copy[at] ^= (uint8_t)(1U << bit);
            const char *type = type_of(esep_slice(copy, whole.len), "a.docx");
            assert_true(type == NULL || strcmp(type, DOCX) == 0);
        }
    memcpy(copy, whole.data, whole.len); /* something behind the end */
    copy[whole.len] = 'x';
    assert_null(type_of(esep_slice(copy, whole.len + 1), "a.docx"));
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *path, *name;
    } rows[] = {
        {"scan.pdf", "scan.pdf"},
        {"/srv/clerk/Скан 1.pdf", "Скан 1.pdf"},
        {"C:\\docs\\scan.pdf", "scan.pdf"},
        {"../../etc/passwd", "passwd"},
        {"dir/", "file"},
        {"", "file"},
        {"...", "file"},
        {".hidden.pdf", "hidden.pdf"},
        {"\1.a.txt", "a.txt"}, /* found by fuzzing: what was cut off left a front again */
        {"\xe2\x80\xae .pdf", "pdf"},
        {"a\nb\r\".pdf", "a b _.pdf"},
        {"a\"b|c?.pdf", "a_b_c_.pdf"},
        {"scan\xe2\x80\xae"
         "fdp.exe",
         "scanfdp.exe"},
        {"\xef\xbb\xbf"
         "a\xe2\x80\x8b.pdf",
         "a.pdf"},
        {"\xcf\xf0.pdf", "__.pdf"},
        {"CON", "_CON"},
        {"com1.pdf", "_com1.pdf"},
        {"console.pdf", "console.pdf"},
        {"a.pdf. .", "a.pdf"},
    };
    char name[ESEP_MEDIA_NAME_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        esep_media_name(rows[i].path, name);
        assert_string_equal(name, rows[i].name);
        char again[ESEP_MEDIA_NAME_BYTES];
        esep_media_name(name, again);
        assert_string_equal(again, name);
    }
    char lengthy[3001] = "";
    for (size_t i = 0; i < 1490; i++)
        memcpy(lengthy + 2 * i, "\xd0\xaf", 2);
    memcpy(lengthy + 2980, ".pdf", 5);
    esep_media_name(lengthy, name);
    assert_int_equal(strlen(name), ESEP_MEDIA_NAME_BYTES - 1);
    assert_string_equal(name + ESEP_MEDIA_NAME_BYTES - 7, "\xd0\xaf.pdf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_taken),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_documents_that_run_something),
        cmocka_unit_test(test_damaged_documents),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
