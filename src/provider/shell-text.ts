/** One word of POSIX shell, whatever it holds. Values become words of a script here and nowhere else. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
