/**
 * @file Triggers of negation and uncertainty. Sources: NegEx (Chapman et al. 2001) and ConText (Harkema et al. 2009)
 * for the division into pre-triggers, post-triggers, pseudo-triggers and terminators; the negation and uncertainty
 * patterns of the CheXpert labeler; wordings met in public reports.
 */

/** What a trigger does to the findings around it. */
export type Trigger =
  /** Denies what follows, up to a terminator. */
  | 'deny-after'
  /** Denies what stands before it in its clause. */
  | 'deny-before'
  /** Makes what follows uncertain. */
  | 'doubt-after'
  /** Makes what stands before it uncertain. */
  | 'doubt-before'
  /** Makes its neighbours on both sides uncertain: `atelectasis versus infiltrate`. */
  | 'doubt-around'
  /** Looks like a trigger and is none: `no change`. */
  | 'nothing'
  /** Ends the scope of denial and doubt. */
  | 'end'
  /** Ends the scope of a denial only: `may be due to edema` stays in doubt. */
  | 'end-denial';

export const triggerPhrases: Readonly<Record<Trigger, readonly string[]>> = {
  'deny-after': [
    'no',
    'not',
    'without',
    'without {evidence,any evidence,radiographic evidence,sign,suggestion} of',
    'no {evidence,sign,indication,suggestion,radiographic evidence,finding,convincing evidence,definite evidence} {of,for,to suggest}',
    'negative',
    'negative for',
    'free of',
    'clear of',
    'free from',
    'absence of',
    'absent',
    'denies',
    'deny',
    'never',
    'nor',
    'neither',
    'lack of',
    'lacks',
    'rather than',
    'as opposed to',
    '{mimic,mimicking,simulate,simulating,mimicked by}',
    'not to be {mistaken for,confused with}',
    'should not be {mistaken for,confused with}',
    'resolution of',
    '{resolved,interval resolution of,complete resolution of}',
    'no longer',
    'fails to {demonstrate,show,reveal}',
    'does not {show,demonstrate,represent,suggest}',
    'nothing to suggest',
    'none',
  ],
  'deny-before': [
    '{is,are,was,were} not {seen,identified,present,visualized,noted,demonstrated,appreciated,evident,visible,apparent,detected}',
    'not {seen,identified,present,visualized,noted,demonstrated,appreciated,evident,visible,apparent,detected,definitely seen}',
    'no longer {seen,identified,present,visualized,noted,demonstrated,appreciated,evident,visible,apparent}',
    '{has,have} {resolved,cleared,disappeared}',
    '{has,have} {completely,now,since,fully} {resolved,cleared,disappeared}',
    '{is,are} {resolved,absent}',
    '{is,are} {ruled out,excluded}',
    '{is,are} negative',
    'resolved since',
    'ruled out',
    'not otherwise seen',
  ],
  'doubt-after': [
    'possible',
    'possibly',
    'possibility of',
    'probable',
    'probably',
    'likely',
    'may',
    'may {be,represent,reflect,indicate,suggest}',
    'might',
    'could',
    'could {be,represent,reflect,indicate}',
    'question',
    'question of',
    'questionable',
    'suspected',
    'suspicious for',
    'suspicion {of,for}',
    '{concerning,worrisome} for',
    'concern for',
    '{raise,raises,raising} concern',
    'suggest',
    'suggesting',
    'suggestion of',
    'suggestive of',
    'favor',
    'favored to {be,represent}',
    'favoring',
    'consider',
    'differential',
    'differential diagnosis',
    'consistent with possible',
    '{cannot,can not,could not,unable to} {exclude,rule out}',
    'cannot entirely exclude',
    'cannot completely exclude',
    'rule out',
    'to exclude',
    'evaluate for',
    'evaluation of',
    'exclude',
    'equivocal',
    'less likely',
    'whether',
    'if',
    'borderline',
    'perhaps',
    'presumed',
    'history of',
    'concern of',
    'indeterminate',
    'appearance of',
    'question of possible',
  ],
  'doubt-before': [
    '{cannot,can not,could not} {be,} {excluded,ruled out,entirely excluded,completely excluded}',
    '{not,} {entirely,completely,definitely} excluded',
    'may not be {demonstrated,seen,visualized,apparent,evident}',
    'not {well,fully,completely,entirely} {seen,visualized,demonstrated,appreciated}',
    'not {be,} {excluded,ruled out,entirely excluded,completely excluded,definitely excluded}',
    '{is,are} {suspected,possible,questioned,likely,suggested,considered}',
    '{is,are} {a,another} consideration',
    'is not excluded',
    '{would,should,must,could,might,may} {have to,need to,} be {considered,entertained,excluded,suspected}',
    '{is,are} also {possible,considered,in the differential}',
    '{is,are} difficult to exclude',
    '{less,more,most} likely',
    'in the differential',
    'suspected',
  ],
  'doubt-around': ['versus', 'vs', 'and or', 'and / or', '?', 'or possibly', 'or less likely'],
  nothing: [
    'no {significant,interval,significant interval,appreciable,substantial,definite,} {change,increase,decrease,improvement,worsening,progression,interval change}',
    'without {significant,interval,significant interval,appreciable,} {change,increase,decrease,improvement,worsening}',
    'not {significantly,substantially,appreciably,markedly,} {changed,increased,decreased}',
    'not only',
    '{absent,absence of} {lung,pulmonary,bronchovascular,vascular} marking',
    'age indeterminate',
    'indeterminate age',
    'of {indeterminate,uncertain,unknown} age',
    'no change',
    'no prior',
    'no {comparison,previous,old} {study,exam,film,radiograph,}',
    'no further',
    'not certain',
    'not necessarily',
    'not {well,fully,completely,optimally,entirely} {evaluated,imaged,included}',
    '{is,are,was,were,} not {definitely,clearly,definitively,} {seen,identified,present,visible,visualized} {on,in} {prior,previous,the prior,the previous,comparison,the lateral,lateral,the frontal,the pa,one}',
    'not {seen,present,visible} previously',
    'negative pressure',
    'could be {obtained,performed,considered}',
    'may be {obtained,performed,considered,useful,helpful,of benefit}',
    'no {doubt,question}',
  ],
  end: [
    'but',
    'however',
    'although',
    'though',
    'except',
    'except for',
    'aside from',
    'apart from',
    'other than',
    'otherwise',
    'while',
    'whereas',
    'yet',
    'despite',
    'with',
    'as well as',
    ':',
  ],
  'end-denial': [
    'which',
    'due to',
    'secondary to',
    'related to',
    'because',
    'consistent with',
    'compatible with',
    'in the setting of',
    'status post',
    'again',
    'given',
  ],
};

/**
 * How a denial is narrowed. `large`: only a large one is denied. `acute`: only an acute one. `other`: nothing is said of
 * the known one. `special`: only one that is displaced, suspicious and so on.
 */
export type Narrowing = 'large' | 'acute' | 'other' | 'special';

/** Adjectives that narrow a denial: `no large effusion` does not deny a small one. */
export const narrowing: ReadonlyMap<string, Narrowing> = new Map(
  Object.entries({
    large: ['large', 'significant', 'sizable', 'sizeable', 'gross', 'massive', 'big', 'substantial', 'overt', 'frank'],
    acute: ['acute', 'active', 'recent', 'acutely'],
    other: ['new', 'additional', 'other', 'further', 'recurrent', 'progressive', 'change', 'increase'],
    special: ['displaced', 'dominant', 'suspicious', 'typical', 'noncalcified', 'worrisome'],
  }).flatMap(([kind, words]) => words.map((word) => [word, kind as Narrowing] as const)),
);

/** Finite verbs that make a new clause of what follows a comma or `and`. */
export const clauseVerbs: ReadonlySet<string> = new Set([
  'is',
  'are',
  'was',
  'were',
  'appear',
  'appears',
  'remain',
  'remains',
  'has',
  'have',
  'there',
  'show',
  'demonstrate',
  'measure',
  'reveal',
  'this',
  'these',
  'it',
  'may',
  'could',
  'overlie',
  'project',
]);

/** Complements after which such a verb only closes a list: `no effusion, pneumothorax is seen`. */
export const seenWords: ReadonlySet<string> = new Set([
  'seen',
  'identified',
  'noted',
  'present',
  'appreciated',
  'demonstrated',
  'visualized',
  'evident',
  'detected',
  'visible',
  'apparent',
  'observed',
  'suspected',
]);

/** Words which, after a comma or `and`, begin a positive statement even after a denial: `no effusion, stable cardiomegaly`. */
export const affirming: ReadonlySet<string> = new Set([
  'stable',
  'unchanged',
  'persistent',
  'mild',
  'mildly',
  'minimal',
  'improved',
  'improving',
  'worsening',
  'chronic',
  'increasing',
  'decreasing',
  'continued',
  'enlarged',
  'low',
  'small',
  'known',
  'old',
  'healed',
  'clear',
  'normal',
  'tortuous',
  'calcified',
]);
