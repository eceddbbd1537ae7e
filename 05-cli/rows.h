/*
 * rows.h - what the lists of containers, images and volumes show of one, for
 * the others that show it too (docker system df -v).
 */
#ifndef DOCKYARD_CLI_ROWS_H
#define DOCKYARD_CLI_ROWS_H

#include <jansson.h>
#include <stdbool.h>

json_t *cli_container_row(const json_t *container, bool whole); /* new */
json_t *cli_volume_row(const json_t *volume);                   /* new */
void cli_image_rows(json_t *image, json_t *rows);               /* one per name, appended */

#endif
