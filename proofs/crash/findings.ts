/** What a server may not do, whatever happens to it. */
export type FindingKind =
  | 'lost' // it was acknowledged or seen, and is not there
  | 'half' // a part of a batch is there
  | 'doubled' // it is there twice
  | 'reordered' // it does not stand where it must
  | 'changed' // it is not what was sent, or not what was seen before
  | 'risen' // it was refused or was not there, and is there now
  | 'stranger' // nobody sent it
  | 'refused' // a call was refused, or granted, that must not have been
  | 'missed' // a poller was not shown it
  | 'repeated' // a poller was shown it twice
  | 'corrupt' // the database says of itself that it is damaged
  | 'down' // it does not start, or ended where nothing killed it
  | 'unkilled'; // the point at which it was to be killed was never reached: the run proves nothing

export interface Finding {
  readonly kind: FindingKind;
  readonly text: string;
}

export function finding(kind: FindingKind, text: string): Finding {
  return { kind, text };
}
