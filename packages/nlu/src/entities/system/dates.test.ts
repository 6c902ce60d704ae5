import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findSystem } from './system-reader.test.fixture.ts';

type Case = [entityType: string, language: string, text: string, found: [string, unknown][]];

/** A day and a time in New York in winter. */
const at = (day: string, time: string): string => `2026-${day}T${time}:00-05:00`;
const day = (date: string): string => `${date}T12:00:00-05:00`;
const dayOf = (text: string, date: string): [string, unknown] => [text, day(date)];
const days = (text: string, startDate: string, endDate: string): [string, unknown] => [
  text,
  { startDate: day(startDate), endDate: day(endDate) },
];
const hours = (text: string, startTime: string, endTime: string): [string, unknown] => [
  text,
  { startTime, endTime },
];

function read(cases: readonly Case[]): void {
  for (const [entityType, language, text, found] of cases) {
    it(`reads ${JSON.stringify(text)} as @sys.${entityType} in ${language}`, async () => {
      assert.deepEqual(await findSystem(entityType, text, { language }), found);
    });
  }
}

describe('@sys.date', () => {
  read([
    [
      'date',
      'en',
      'today or the day after tomorrow',
      [dayOf('today', '2026-11-25'), dayOf('day after tomorrow', '2026-11-27')],
    ],
    ['date', 'en', 'the 3rd of March 1999', [dayOf('3rd of March 1999', '1999-03-03')]],
    // What is said without a year, or is a bare weekday, lies ahead.
    ['date', 'en', 'march 3rd', [dayOf('march 3rd', '2027-03-03')]],
    ['date', 'en', 'on october 1', [['october 1', '2027-10-01T12:00:00-04:00']]],
    ['date', 'en', 'monday', [dayOf('monday', '2026-11-30')]],
    ['date', 'en', 'wednesday', [dayOf('wednesday', '2026-11-25')]],
    ['date', 'en', 'last friday', [dayOf('last friday', '2026-11-20')]],
    ['date', 'en', 'next friday', [dayOf('next friday', '2026-12-04')]],
    ['date', 'en', 'in 3 days', [dayOf('in 3 days', '2026-11-28')]],
    ['date', 'en', 'two weeks ago', [dayOf('two weeks ago', '2026-11-11')]],
    ['date', 'en', '2 weeks from now', [dayOf('2 weeks from now', '2026-12-09')]],
    ['date', 'en', '2 days after tomorrow', [dayOf('2 days after tomorrow', '2026-11-28')]],
    ['date', 'en', '12/25 or 2026-12-24', [dayOf('12/25', '2026-12-25'), dayOf('2026-12-24', '2026-12-24')]],
    ['date', 'en-GB', '05/12/2026', [dayOf('05/12/2026', '2026-12-05')]],
    ['date', 'en', 'tomorrow at 7pm', [dayOf('tomorrow', '2026-11-26')]],
    ['date', 'en', 'monday morning', [dayOf('monday', '2026-11-30')]],
    ['date', 'en', 'tonight', [dayOf('tonight', '2026-11-25')]],
    ['date', 'en', 'since monday, on the 21st', [dayOf('monday', '2026-11-30'), dayOf('21st', '2026-12-21')]],
    ['date', 'en', 'Monday the 30th at 5', [dayOf('Monday the 30th', '2026-11-30')]],
    ['date', 'en', 'may the 5th', [['may the 5th', '2027-05-05T12:00:00-04:00']]],
    ['date', 'en', 'on the 21st floor', []],
    ['date', 'en', 'on sat', [dayOf('sat', '2026-11-28')]],
    // A duration is no date, nor are words that are more often others, nor amounts.
    ['date', 'en', 'for 3 days, 2 hours, an hour and a half', []],
    ['date', 'en', 'may I go, I sat down, the second, next, wait a second', []],
    ['date', 'en', 'twenty five euros', []],
    ['date', 'en', 'in 99999999999 years, february 30', []],
    ['date', 'de', 'am 5. Dezember', [dayOf('5. Dezember', '2026-12-05')]],
    ['date', 'de', 'vor fünf Tagen', [dayOf('vor fünf Tagen', '2026-11-20')]],
    ['date', 'es', 'el próximo lunes', [dayOf('próximo lunes', '2026-11-30')]],
    ['date', 'fr', 'lundi prochain', [dayOf('lundi prochain', '2026-11-30')]],
    ['date', 'it', '5 dicembre', [dayOf('5 dicembre', '2026-12-05')]],
    ['date', 'zh', '下周一', [dayOf('下周一', '2026-11-30')]],
    ['date', 'ja', '明日', [dayOf('明日', '2026-11-26')]],
    ['date', 'fr', 'après-demain à 8h', [dayOf('après-demain', '2026-11-27')]],
    ['date', 'es', 'pasado mañana', [dayOf('pasado mañana', '2026-11-27')]],
    ['date', 'nl', 'overmorgen', [dayOf('overmorgen', '2026-11-27')]],
    ['date', 'ja', '明後日', [dayOf('明後日', '2026-11-27')]],
    // Pieces of words and of numbers, which the library takes for days and times.
    ['date', 'de', 'früh, und monatlich', []],
    ['date-time', 'es', 'cuesta 1.250,50', []],
    ['time-period', 'es', 'del 5 al 8 de enero', []],
    ['date', 'ru', 'через 3 дня', [dayOf('через 3 дня', '2026-11-28')]],
    // No parser knows these: relative days, weekdays and digits are read.
    ['date', 'pl', 'jutro', [dayOf('jutro', '2026-11-26')]],
    [
      'date',
      'pl',
      '5.12.2026 albo poniedziałek',
      [dayOf('5.12.2026', '2026-12-05'), dayOf('poniedziałek', '2026-11-30')],
    ],
    ['date', 'ko', '내일', [dayOf('내일', '2026-11-26')]],
    ['date', 'tlh', '2026-12-24', [dayOf('2026-12-24', '2026-12-24')]],
  ]);
});

describe('@sys.time', () => {
  read([
    ['time', 'en', 'wake me at 7pm', [['7pm', at('11-25', '19:00')]]],
    ['time', 'en', 'seven thirty pm', [['seven thirty pm', at('11-25', '19:30')]]],
    ['time', 'en', 'five forty five', [['five forty five', at('11-25', '17:45')]]],
    ['time', 'en', '10 am tomorrow', [['10 am', at('11-26', '10:00')]]],
    ['time', 'en', 'in a honey bun', []],
    // It is ten o'clock: what may be before or after noon is whatever comes first.
    ['time', 'en', 'at 7', [['7', at('11-25', '19:00')]]],
    ['time', 'en', 'at 11', [['11', at('11-25', '11:00')]]],
    ['time', 'en', '7am', [['7am', at('11-26', '07:00')]]],
    ['time', 'en', 'noon', [['noon', at('11-25', '12:00')]]],
    ['time', 'en', 'half past seven', [['half past seven', at('11-25', '19:30')]]],
    ['time', 'en', 'quarter to nine', [['quarter to nine', at('11-25', '20:45')]]],
    ['time', 'en', 'ten to 9 pm', [['ten to 9 pm', at('11-25', '20:50')]]],
    ['time', 'en', 'ten to 9 am', [['ten to 9 am', at('11-26', '08:50')]]],
    ['time', 'en', 'at 7 in the evening', [['7 in the evening', at('11-25', '19:00')]]],
    ['time', 'en', 'in two and a half hours', [['in two and a half hours', at('11-25', '12:30')]]],
    ['time', 'en', 'tomorrow at 7pm', [['7pm', at('11-25', '19:00')]]],
    ['time', 'en', '10am PST', [['10am PST', at('11-25', '13:00')]]],
    // An amount is no time.
    ['time', 'en', 'twenty five euros, 7 people, 5 to 9 guests', []],
    ['time', 'en', 'at ten to nine', [['ten to nine', at('11-25', '20:50')]]],
    ['time', 'de', 'um 7 Uhr', [['7 Uhr', at('11-26', '07:00')]]],
    ['time', 'es', 'a las 7 de la tarde', [['7 de la tarde', at('11-25', '19:00')]]],
    ['time', 'de', 'um halb acht', [['halb acht', at('11-26', '07:30')]]],
    ['time', 'fr', 'à huit heures et demie', [['huit heures et demie', at('11-26', '08:30')]]],
    ['time', 'es', 'a las ocho y media', [['ocho y media', at('11-26', '08:30')]]],
    [
      'time',
      'fr',
      '9h et midi',
      [
        ['9h', at('11-26', '09:00')],
        ['midi', at('11-25', '12:00')],
      ],
    ],
    ['time', 'en', 'twenty past seven', [['twenty past seven', at('11-25', '19:20')]]],
    ['time', 'en', 'twenty to eight', [['twenty to eight', at('11-25', '19:40')]]],
    ['time', 'en', 'at midnight', [['midnight', at('11-26', '00:00')]]],
    ['time', 'en', 'in half an hour', [['in half an hour', at('11-25', '10:30')]]],
    ['time', 'en', '90 minutes from now', [['90 minutes from now', at('11-25', '11:30')]]],
    ['time', 'en', 'from 2 to 4 pm', []],
    ['time', 'de', 'Viertel vor acht', [['Viertel vor acht', at('11-26', '07:45')]]],
    ['time', 'de', 'um Mitternacht', [['Mitternacht', at('11-26', '00:00')]]],
    ['time', 'de', 'in einer halben Stunde', [['in einer halben Stunde', at('11-25', '10:30')]]],
    ['time', 'nl', 'om kwart over zeven', [['kwart over zeven', at('11-26', '07:15')]]],
    ['time', 'fr', 'dans une demi-heure', [['dans une demi-heure', at('11-25', '10:30')]]],
    ['time', 'es', 'a las ocho menos cuarto', [['ocho menos cuarto', at('11-26', '07:45')]]],
    ['time', 'es', 'en media hora', [['en media hora', at('11-25', '10:30')]]],
    ['time', 'pt', 'ao meio-dia', [['meio-dia', at('11-25', '12:00')]]],
    ['time', 'fr', 'à 19h30', [['19h30', at('11-25', '19:30')]]],
    ['time', 'pt', 'às 19h', [['19h', at('11-25', '19:00')]]],
    ['time', 'tr', '19:30', [['19:30', at('11-25', '19:30')]]],
  ]);
});

describe('@sys.date-period and @sys.time-period', () => {
  read([
    ['date-period', 'en', 'next week', [days('next week', '2026-11-30', '2026-12-06')]],
    ['date-period', 'en', 'this weekend', [days('this weekend', '2026-11-28', '2026-11-29')]],
    ['date-period', 'en', 'next month', [days('next month', '2026-12-01', '2026-12-31')]],
    ['date-period', 'en', 'in february', [days('february', '2027-02-01', '2027-02-28')]],
    [
      'date-period',
      'en',
      'next monday to friday',
      [days('next monday to friday', '2026-11-30', '2026-12-04')],
    ],
    ['date-period', 'en', 'dec 28 to jan 3', [days('dec 28 to jan 3', '2026-12-28', '2027-01-03')]],
    ['date-period', 'en', 'saturday to monday', [days('saturday to monday', '2026-11-28', '2026-11-30')]],
    ['date-period', 'en', 'the last three days', [days('last three days', '2026-11-22', '2026-11-25')]],
    [
      'date-period',
      'en',
      'may the 5th to may the 7th',
      [
        [
          'may the 5th to may the 7th',
          { startDate: '2027-05-05T12:00:00-04:00', endDate: '2027-05-07T12:00:00-04:00' },
        ],
      ],
    ],
    ['date-period', 'en', 'tomorrow', []],
    ['date-period', 'fr', 'la semaine prochaine', [days('la semaine prochaine', '2026-11-30', '2026-12-06')]],
    ['date-period', 'de', 'nächste Woche', [days('nächste Woche', '2026-11-30', '2026-12-06')]],
    ['date-period', 'ko', '다음 주', [days('다음 주', '2026-11-30', '2026-12-06')]],
    [
      'time-period',
      'en',
      'between 3 and 5 pm',
      [hours('between 3 and 5 pm', at('11-25', '15:00'), at('11-25', '17:00'))],
    ],
    ['time-period', 'en', 'from 9 to 5', [hours('from 9 to 5', at('11-25', '09:00'), at('11-25', '17:00'))]],
    [
      'time-period',
      'en',
      'from 10pm to 2am',
      [hours('from 10pm to 2am', at('11-26', '22:00'), at('11-27', '02:00'))],
    ],
    // It is ten o'clock: hours that may be before or after noon are whichever come first.
    [
      'time-period',
      'en',
      'from 2 to 4 pm',
      [hours('from 2 to 4 pm', at('11-25', '14:00'), at('11-25', '16:00'))],
    ],
    [
      'time-period',
      'en',
      '2 to 4 pm please',
      [hours('2 to 4 pm', at('11-25', '14:00'), at('11-25', '16:00'))],
    ],
    [
      'time-period',
      'en',
      'from two pm to four',
      [hours('from two pm to four', at('11-25', '14:00'), at('11-25', '16:00'))],
    ],
    ['time-period', 'en', '11-1pm', [hours('11-1pm', at('11-25', '11:00'), at('11-25', '13:00'))]],
    [
      'time-period',
      'en',
      'between 11 and 1 pm',
      [hours('between 11 and 1 pm', at('11-25', '11:00'), at('11-25', '13:00'))],
    ],
    ['time-period', 'en', 'from 2 to 4', [hours('from 2 to 4', at('11-25', '14:00'), at('11-25', '16:00'))]],
    [
      'time-period',
      'en',
      'from half past two to four',
      [hours('from half past two to four', at('11-25', '14:30'), at('11-25', '16:00'))],
    ],
    [
      'time-period',
      'en',
      'from 9:30 am until noon',
      [hours('from 9:30 am until noon', at('11-25', '09:30'), at('11-25', '12:00'))],
    ],
    [
      'time-period',
      'en',
      'between noon and 3',
      [hours('between noon and 3', at('11-25', '12:00'), at('11-25', '15:00'))],
    ],
    [
      'time-period',
      'en',
      'from 10pm to midnight',
      [hours('from 10pm to midnight', at('11-26', '22:00'), at('11-27', '00:00'))],
    ],
    [
      'time-period',
      'en',
      'between 2 and 4 in the afternoon',
      [hours('between 2 and 4 in the afternoon', at('11-25', '14:00'), at('11-25', '16:00'))],
    ],
    [
      'time-period',
      'en',
      'from 11 to 1 in the afternoon',
      [hours('from 11 to 1 in the afternoon', at('11-25', '11:00'), at('11-25', '13:00'))],
    ],
    [
      'time-period',
      'en',
      'from 8 in the morning to 6 in the evening',
      [hours('from 8 in the morning to 6 in the evening', at('11-25', '08:00'), at('11-25', '18:00'))],
    ],
    [
      'time-period',
      'en',
      'for the next two hours',
      [hours('next two hours', at('11-25', '10:00'), at('11-25', '12:00'))],
    ],
    [
      'time-period',
      'en',
      'the last 30 minutes',
      [hours('last 30 minutes', at('11-25', '09:30'), at('11-25', '10:00'))],
    ],
    [
      'time-period',
      'de',
      'zwischen 14 und 16 Uhr',
      [hours('zwischen 14 und 16 Uhr', at('11-25', '14:00'), at('11-25', '16:00'))],
    ],
    [
      'time-period',
      'de',
      'von 8:30 bis 12',
      [hours('von 8:30 bis 12', at('11-25', '08:30'), at('11-25', '12:00'))],
    ],
    [
      'time-period',
      'fr',
      'entre 9h et midi',
      [hours('entre 9h et midi', at('11-25', '09:00'), at('11-25', '12:00'))],
    ],
    [
      'time-period',
      'es',
      'de 2 a 4 de la tarde',
      [hours('de 2 a 4 de la tarde', at('11-25', '14:00'), at('11-25', '16:00'))],
    ],
    [
      'time-period',
      'es',
      'entre las 2 y las 4 de la tarde',
      [hours('entre las 2 y las 4 de la tarde', at('11-25', '14:00'), at('11-25', '16:00'))],
    ],
    [
      'time-period',
      'it',
      'dalle 14 alle 16',
      [hours('dalle 14 alle 16', at('11-25', '14:00'), at('11-25', '16:00'))],
    ],
    [
      'time-period',
      'nl',
      'tussen 14 en 16 uur',
      [hours('tussen 14 en 16 uur', at('11-25', '14:00'), at('11-25', '16:00'))],
    ],
    [
      'time-period',
      'pt',
      'das 14h às 16h',
      [hours('das 14h às 16h', at('11-25', '14:00'), at('11-25', '16:00'))],
    ],
    // What is counted is no time.
    ['time-period', 'en', 'from 5 to 9 guests, a table for 2 to 4 people, from 2 to 4 days', []],
    ['time-period', 'es', 'de 2 a 4 personas', []],
    ['time-period', 'de', 'zwischen 14 und 16 Gäste', []],
    ['time-period', 'fr', 'entre 5 et 8 euros', []],
    [
      'time-period',
      'en',
      'in the morning',
      [hours('in the morning', at('11-25', '08:00'), at('11-25', '12:00'))],
    ],
    [
      'time-period',
      'en',
      'tomorrow afternoon',
      [hours('afternoon', at('11-25', '12:00'), at('11-25', '16:00'))],
    ],
  ]);
});

describe('@sys.date-time', () => {
  read([
    [
      'date-time',
      'en',
      'tomorrow from 2 to 4 pm',
      [
        [
          'tomorrow from 2 to 4 pm',
          { startDateTime: at('11-26', '14:00'), endDateTime: at('11-26', '16:00') },
        ],
      ],
    ],
    ['date-time', 'en', 'tomorrow at noon', [['tomorrow at noon', { date_time: at('11-26', '12:00') }]]],
    ['date-time', 'en', 'tomorrow at 7pm', [['tomorrow at 7pm', { date_time: at('11-26', '19:00') }]]],
    ['date-time', 'en', 'friday at 8 for 2 people', [['friday at 8', { date_time: at('11-27', '08:00') }]]],
    ['date-time', 'en', '6 pm on friday', [['6 pm on friday', { date_time: at('11-27', '18:00') }]]],
    ['date-time', 'en', 'now', [['now', { date_time: at('11-25', '10:00') }]]],
    ['date-time', 'en', '2 hours ago', [['2 hours ago', { date_time: at('11-25', '08:00') }]]],
    ['date-time', 'en', 'tomorrow', [dayOf('tomorrow', '2026-11-26')]],
    ['date-time', 'en', '7pm', [['7pm', at('11-25', '19:00')]]],
    ['date-time', 'en', 'next week', [days('next week', '2026-11-30', '2026-12-06')]],
    [
      'date-time',
      'en',
      'tomorrow morning',
      [['tomorrow morning', { startDateTime: at('11-26', '08:00'), endDateTime: at('11-26', '12:00') }]],
    ],
    [
      'date-time',
      'en',
      'from 9am to 5pm tomorrow',
      [
        [
          'from 9am to 5pm tomorrow',
          { startDateTime: at('11-26', '09:00'), endDateTime: at('11-26', '17:00') },
        ],
      ],
    ],
    [
      'date-time',
      'es',
      'mañana a las 7 de la tarde',
      [['mañana a las 7 de la tarde', { date_time: at('11-26', '19:00') }]],
    ],
    ['date-time', 'zh', '明天晚上七点', [['明天晚上七点', { date_time: at('11-26', '19:00') }]]],
    [
      'date-time',
      'fr',
      'demain à huit heures et demie',
      [['demain à huit heures et demie', { date_time: at('11-26', '08:30') }]],
    ],
    [
      'date-time',
      'en',
      'tomorrow at half past seven',
      [['tomorrow at half past seven', { date_time: at('11-26', '07:30') }]],
    ],
    ['date-time', 'zh', '下周二下午三点', [['下周二下午三点', { date_time: '2026-12-01T15:00:00-05:00' }]]],
    ['date-time', 'pl', 'jutro o 19:30', [['jutro o 19:30', { date_time: at('11-26', '19:30') }]]],
  ]);
});

describe('days and times, in their zones', () => {
  const cases: [
    title: string,
    entityType: string,
    text: string,
    timeZone: string,
    now: string,
    value: unknown,
  ][] = [
    [
      'takes the present day of the zone, not of the machine',
      'date',
      'today',
      'Asia/Tokyo',
      '2026-11-25T16:00:00Z',
      '2026-11-26T12:00:00+09:00',
    ],
    [
      'moves a time that the spring leaves out to what the clock then shows',
      'date-time',
      'march 14 2027 at 2:30am',
      'America/New_York',
      '2027-03-10T15:00:00Z',
      { date_time: '2027-03-14T03:30:00-04:00' },
    ],
    [
      'takes the first of a time that the autumn has twice',
      'date-time',
      'november 1 2026 at 1:30am',
      'America/New_York',
      '2026-10-20T15:00:00Z',
      { date_time: '2026-11-01T01:30:00-04:00' },
    ],
    [
      'counts hours as they pass, over the change of clocks',
      'time',
      'in 2 hours',
      'Europe/Berlin',
      '2027-03-28T00:30:00Z',
      '2027-03-28T04:30:00+02:00',
    ],
    [
      'counts days as people do, over the change of clocks',
      'date',
      'in 1 day',
      'Europe/Berlin',
      '2027-03-27T23:30:00Z',
      '2027-03-29T12:00:00+02:00',
    ],
    [
      'knows changes of half an hour',
      'date-time',
      'october 4 2026 at 2:15am',
      'Australia/Lord_Howe',
      '2026-10-01T00:00:00Z',
      { date_time: '2026-10-04T02:45:00+11:00' },
    ],
    [
      'knows days that a zone left out',
      'date',
      'tomorrow',
      'Pacific/Apia',
      '2011-12-29T20:00:00Z',
      '2011-12-31T12:00:00+14:00',
    ],
    [
      'knows quarters of an hour',
      'date',
      'today',
      'Asia/Kathmandu',
      '2026-11-25T15:00:00Z',
      '2026-11-25T12:00:00+05:45',
    ],
  ];
  for (const [title, entityType, text, timeZone, now, value] of cases) {
    it(title, async () => {
      const [found] = await findSystem(entityType, text, { timeZone, nowMs: Date.parse(now) });
      assert.deepEqual(found?.[1], value);
    });
  }

  it('reads the same in whatever zone the machine is', async () => {
    const before = process.env['TZ'];
    const nowMs = Date.parse('2027-03-14T07:30:00Z');
    const texts = ['tomorrow at 2:30am', 'in 2 hours', 'sunday', 'next week', 'march 14 at 3', 'tonight'];
    const found: unknown[] = [];
    try {
      for (const zone of [
        'UTC',
        'America/New_York',
        'Pacific/Kiritimati',
        'Pacific/Pago_Pago',
        'Africa/Cairo',
      ]) {
        process.env['TZ'] = zone;
        found.push(
          await Promise.all(
            texts.map((text) => findSystem('date-time', text, { timeZone: 'Europe/London', nowMs })),
          ),
        );
      }
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
    for (const other of found) assert.deepEqual(other, found[0]);
  });
});
