/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target is one page, tests/fuzz/NAME.c, with LLVMFuzzerTestOneInput: libFuzzer
 * calls it again and again with bytes that it invents, guided by which branches
 * they reach. It hands them to the runtime as an attacker would and MUSTs what has
 * to be true of the answer; ASan, UBSan and LSan watch the rest.
 *
 * A target has a directory of its own, FUZZ_DIR, in a mount namespace of its own:
 * whatever it writes there, or the runtime below /run, is gone when it ends.
 */
#ifndef DOCKYARD_FUZZ_H
#define DOCKYARD_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FUZZ_DIR "/run/fuzz"

/* libFuzzer's side */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* A target may define this: called once, when FUZZ_DIR is there. */
void fuzz_begin(void) __attribute__((weak));

/* The content of a file below FUZZ_DIR from now on. */
void fuzz_file(const char *path, const void *data, size_t size);

/* The input as a string: it ends at its first NUL. The caller frees. */
char *fuzz_text(const uint8_t *data, size_t size);

/* Cut the leading lines of `text` up to an empty one off into v, NULL-terminated, at
 * most max - 1 of them; *n is their number. What follows them is returned. */
char *fuzz_lines(char *text, char **v, int max, int *n);

#define MUST(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))
__attribute__((noreturn)) void fuzz_broken(const char *what, const char *file, int line);

#endif
