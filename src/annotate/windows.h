/* windows.h - has moved to score/. */
#include "score/variant.h"
