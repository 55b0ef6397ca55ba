/* tests/fuzz/replay.c - main of a fuzz target in builds without libFuzzer.
 *
 * Each argument is an input or a folder of inputs. Every input is copied to a block of exactly its
 * size, so that a sanitizer sees a read past its end. No input at all is a failure: a corpus that
 * went missing must not pass.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static size_t replayed;

static int replay_file(const char *path)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &info) != 0) {
        perror(path);
        if (file != NULL)
            fclose(file);
        return 1;
    }
    size_t size = (size_t)info.st_size;
    uint8_t *data = malloc(size > 0 ? size : 1);
    int failed = data == NULL || fread(data, 1, size, file) != size;
    fclose(file);
    if (failed)
        fprintf(stderr, "%s: cannot be read\n", path);
    else
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
    return failed;
}

/* Of targets that have no word of their own. */
__attribute__((weak)) bool fuzz_corpus_whole(void)
{
    return true;
}

static int replay_folder(const char *path, DIR *folder)
{
    int failed = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        failed |= replay_file(file);
    }
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        failed |= folder != NULL ? replay_folder(argv[i], folder) : replay_file(argv[i]);
        if (folder == NULL)
            continue;
        failed |= !fuzz_corpus_whole();
        closedir(folder);
    }
    printf("%zu inputs replayed\n", replayed);
    return failed || replayed == 0;
}
