/** In the forms of the package that speak REST alone. */
export function canSpeakGrpc(): boolean {
  return false;
}
