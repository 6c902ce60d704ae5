/** Whether a text says nothing but hello, thanks or yes. What understands that is loaded by the first question. */
export async function isSmallTalk(text: string): Promise<boolean> {
  const understanding = await import('@parleykit/nlu');
  return understanding.isSmallTalk(text);
}
