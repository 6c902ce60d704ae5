/** A reply that is encoded already, such as a page put together from stored bytes. */
export class EncodedReply {
  readonly bytes: Buffer;
  /** How many bytes in front of those may be written over. */
  readonly roomBefore: number;

  constructor(bytes: Buffer, roomBefore: number) {
    this.bytes = bytes;
    this.roomBefore = roomBefore;
  }
}
