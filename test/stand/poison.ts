import { Subject } from 'rxjs';

// Loaded ahead of a worker (`--import`): a defect of the pipeline that some messages bring out. What enters it under
// this subject, with a number that can be divided by this, makes the first operator throw.
const { ANDON_TEST_POISON = '' } = process.env;
const [poisonous, every] = ANDON_TEST_POISON.split(' ');

type Entering = { readonly value?: { readonly subject?: string; readonly sequence?: number } };

const { next } = Subject.prototype;
Subject.prototype.next = function (this: Subject<unknown>, item: unknown) {
  const { subject, sequence = 0 } = (item as Entering).value ?? {};
  if (subject === undefined || subject !== poisonous || sequence % Number(every) !== 0) {
    return next.call(this, item);
  }
  this.error(new Error(`a defect that message ${sequence} brings out`));
};
