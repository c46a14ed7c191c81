/* installed.h - finds models by name in the folders that hold installed ones.
 *
 * The folders, in this order: those of TFBIND_MODELS (separated by colons); models of the source tree, if the file that
 * this code is in (the program, the plugin or the library) is in it; the folder of `make install`; and, relative to
 * that file, share/tfbind/models of an installation that was moved, and models beside it. */
#ifndef TFB_INSTALLED_H
#define TFB_INSTALLED_H

#define TFB_MODEL_DEFAULT "human" /* the model if none is named */
#define TFB_MODEL_SUFFIX  ".safetensors"

/* Returns the folders in which models are looked for, NULL-terminated, each once; some may not exist. Release with
 * tfb_strv_free(). Returns NULL if memory runs out (logged). */
char **tfb_model_folders(void);
/* Returns the folders as "a, b", to be freed; NULL if memory runs out. */
char *tfb_model_folders_text(char *const *folder);
/* Returns the paths of the models in the folders, those that tfb_model_find finds by name, NULL-terminated, and writes
 * their number to *n. Release with tfb_strv_free(). Returns NULL if memory runs out (logged). */
char **tfb_models_installed(char *const *folder, int *n);
/* Returns the path of a model, to be freed. A name with a slash or of an existing file or folder is a path already;
 * else the first NAME.safetensors in the folders. NULL: TFB_MODEL_DEFAULT. Returns NULL if there is none (logged with
 * the folders). */
char *tfb_model_find(const char *name);

#endif
