// libpq talks to PostgreSQL servers; its one public header is all that is needed.
#include <libpq-fe.h>
