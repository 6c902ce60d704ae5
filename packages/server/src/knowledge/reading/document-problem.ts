/** A document's content is not what it must be. The message is one line for people, behind "cannot be read:". */
export class DocumentProblem extends Error {
  override readonly name = 'DocumentProblem';
}
