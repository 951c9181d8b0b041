#include "arguments.h"

#include <stdlib.h>

static int count = -1;
static char **values = NULL;

#if defined(__GLIBC__) || defined(__APPLE__)
// glibc and dyld call constructors with what `main` gets. Swift on Linux finds its arguments through /proc instead, and
// finds none where that cannot be read.
__attribute__((constructor)) static void keep(int argc, char **argv, char **environment) {
  (void)environment;
  count = argc;
  values = argv;
}
#endif

int forge_argument_count(void) { return count; }

const char *forge_argument(int index) { return values[index]; }
