export declare const leaves: readonly string[]
export declare const arrows: Readonly<Record<string, readonly string[]>>
export declare const tops: Readonly<Record<string, readonly string[]>>
export declare function forbiddenImport(file: string, specifier: string): string | undefined
