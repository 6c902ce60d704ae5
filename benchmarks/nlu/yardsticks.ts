/** What a figure is held against. */
export interface Yardstick {
  readonly figure: string;
  readonly goal: number;
  /** Whether less is better. */
  readonly atMost?: boolean;
  /** What was published of Dialogflow on the same set by the same protocol. */
  readonly dialogflow?: number;
}

/** Accuracies of CLINC150 and BANKING77 in percent, as published; the others as shares. */
export const YARDSTICKS: readonly Yardstick[] = [
  { figure: 'default.clinc150.oos_train.in_scope', goal: 92.6, dialogflow: 91.7 },
  { figure: 'default.clinc150.oos_train.oos_recall', goal: 20, dialogflow: 14 },
  { figure: 'default.clinc150.oos_threshold.in_scope', goal: 92.3, dialogflow: 90.8 },
  { figure: 'default.clinc150.oos_threshold.oos_recall', goal: 45, dialogflow: 26.7 },
  { figure: 'default.clinc150.typo.in_scope', goal: 88 },
  { figure: 'default.clinc150.eligible_5.kept', goal: 0.94 },
  { figure: 'default.clinc150.eligible_5.rejected', goal: 0.98 },
  { figure: 'default.clinc150.train_cpu_seconds', goal: 10, atMost: true },
  { figure: 'default.clinc150.answer_ms', goal: 0.2, atMost: true },
  { figure: 'default.clinc150.model_mb', goal: 5, atMost: true },
  { figure: 'default.banking77.accuracy', goal: 91.5 },
  { figure: 'default.hwu64_30.accuracy', goal: 0.8, dialogflow: 0.761 },
  { figure: 'accuracy.clinc150.oos_train.in_scope', goal: 93, dialogflow: 91.7 },
  { figure: 'accuracy.clinc150.oos_train.oos_recall', goal: 21, dialogflow: 14 },
  { figure: 'accuracy.clinc150.oos_threshold.in_scope', goal: 92.6, dialogflow: 90.8 },
  { figure: 'accuracy.clinc150.oos_threshold.oos_recall', goal: 50, dialogflow: 26.7 },
  { figure: 'accuracy.clinc150.train_cpu_seconds', goal: 60, atMost: true },
  { figure: 'accuracy.banking77.accuracy', goal: 92.5 },
];

/** CLINC150, all of it, as published by Larson et al. (EMNLP 2019, table 2): in scope / out-of-scope recall. */
export const CLINC_PUBLISHED: readonly (readonly [system: string, oosTrain: string, oosThreshold: string])[] =
  [
    ['Dialogflow', '91.7 / 14.0', '90.8 / 26.7'],
    ['Rasa', '91.5 / 45.3', '90.9 / 31.2'],
    ['SVM, bag of words', '91.0 / 14.5', '88.2 / 18.0'],
    ['FastText', '89.0 / 9.7', '88.6 / 28.3'],
    ['CNN on GloVe', '91.2 / 18.9', '90.9 / 30.9'],
    ['MLP on USE (pretrained)', '93.5 / 47.4', '93.4 / 49.1'],
    ['BERT (pretrained)', '96.9 / 40.3', '96.2 / 52.3'],
  ];

/** The 30-phrase split of HWU64, accuracy, as published with AutoFAQ's evaluation of services (2020). */
export const HWU_PUBLISHED: readonly (readonly [system: string, accuracy: number])[] = [
  ['Dialogflow', 0.761],
  ['LUIS', 0.788],
  ['Watson', 0.81],
  ['Cognigy', 0.846],
  ['AutoFAQ', 0.854],
];
