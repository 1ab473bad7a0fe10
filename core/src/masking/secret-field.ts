/**
 * The last words of a field's name that say that it holds a secret. Any kind of key is one but a public one: what is
 * called `signingKey` or `vault_key` is shown to nobody for the sake of a `sortKey`.
 */
const SECRET_WORDS =
  /(secret|token|password|passwd|passphrase|credential|authorization|api_?key|private_?key|access_?key|(?<!public)_key)s?$/i;

/**
 * Whether a field of this name in a config or a request holds a secret, or secrets. What a file or a variable is
 * named, by which a secret is found (`tokenFile`), is none.
 */
export function isSecretField(name: string): boolean {
  const words = name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])|[-.\s]/g, "_");
  return SECRET_WORDS.test(words);
}
