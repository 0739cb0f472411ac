/**
 * What PowerShell wrote on stderr, as lines for people. Where stderr is a pipe it writes records as XML
 * (`#< CLIXML`), progress among them even where all went well; only errors and warnings are kept.
 */
export function stderrLines(text: string): readonly string[] {
  const records = [...text.matchAll(recordPattern)].map(([, content = '']) => decode(content))
  const plain = text.replaceAll(documentPattern, '').replaceAll('#< CLIXML', '')
  return [plain, records.join('')].flatMap((part) => part.split(/\r?\n/)).filter((line) => line.trim() !== '')
}

const documentPattern = /<Objs\b[^]*?<\/Objs>/g // <Objs Version="1.1.0.1" xmlns="http://…"><S S="Error">no</S></Objs>
const recordPattern = /<S S="(?:Error|Warning)">([^<]*)<\/S>/g // <S S="Error">no such file_x000D__x000A_</S>

function decode(content: string): string {
  return content
    .replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))
    .replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name: keyof typeof entities) => entities[name])
}

const entities = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' } as const
