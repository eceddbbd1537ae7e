/*
 * manifest.h - `docker manifest`: manifest lists that are put together here.
 *
 * An image manifest is kept as the document that --verbose shows:
 *
 *     { "Ref": "docker.io/library/x:1", "Descriptor": { "mediaType", "digest", "size", "platform": {…} },
 *       "Raw": "<base64 of the manifest's bytes>", "SchemaV2Manifest" or "OCIManifest": {…} }
 *
 * A list that is not pushed yet is a directory of them, a file for each, both
 * called like the references with "-" for ":" and "_" for "/":
 *
 *     DOCKER_CONFIG/manifests/docker.io_library_list-1/docker.io_library_x-1
 */
#ifndef DOCKYARD_CLI_MANIFEST_H
#define DOCKYARD_CLI_MANIFEST_H

#include "registry.h"

/* The reference with its tag (":latest" where it had none) or its digest. */
int cli_manifest_name(struct cli_reference *ref, const char *text, struct err *err);
char *cli_manifest_name_text(const struct cli_reference *ref); /* new */

/* ---- at a registry ------------------------------------------------------- */

/* What the reference names there, one image (*list false) or a list: an array
 * of image manifests, new. NULL with err. */
json_t *cli_manifest_fetch(const struct cli_config *config, const struct cli_reference *ref, bool insecure, bool *list,
			   struct err *err);

/* ---- kept here ----------------------------------------------------------- */

/* All of a list, or one of it: new. NULL with ERR_NOT_FOUND "No such manifest: …". */
json_t *cli_manifest_list(const struct cli_config *config, const struct cli_reference *list, struct err *err);
json_t *cli_manifest_get(const struct cli_config *config, const struct cli_reference *list, const struct cli_reference *ref,
			 struct err *err);
int cli_manifest_put(const struct cli_config *config, const struct cli_reference *list, const struct cli_reference *ref,
		     const json_t *image, struct err *err);
int cli_manifest_remove(const struct cli_config *config, const struct cli_reference *list, struct err *err);

/* ---- as text ------------------------------------------------------------- */

/* The bytes of an image's manifest: new, or NULL with err. */
char *cli_manifest_raw(const json_t *image, size_t *n, struct err *err);

/* The list as it is pushed, indented as Docker's: new. */
char *cli_manifest_list_text(const json_t *images);
const char *cli_manifest_list_type(const json_t *images); /* the first image decides */

/* The end of each verb's help. */
#define CLI_MANIFEST_EXPERIMENTAL(verb)                                                                  \
	"EXPERIMENTAL:\n  docker manifest " verb " is an experimental feature.\n"           \
	"  Experimental features provide early access to product functionality. These\n"    \
	"  features may change between releases without warning, or can be removed from a\n" \
	"  future release. Learn more about experimental features in our documentation:\n"  \
	"  https://docs.docker.com/go/experimental/"

#endif
