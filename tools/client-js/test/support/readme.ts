// The code blocks of a Markdown text.

/** All blocks of one language, in order. */
export function blocks(markdown: string, language: string): string[] {
  const fenced = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms');
  return [...markdown.matchAll(fenced)].map(([, block = '']) => block);
}
