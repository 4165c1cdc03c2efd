// Package retire is the flow that keeps what a published tag leaves: the image
// that is there now gets a version tag of its own and a record in the
// repository's ledger. It also moves a tag back, and remembers what published
// tags point at.
//
// # Why no version tag is lost
//
// Registries have no compare-and-swap: a PUT replaces what a tag pointed at,
// whoever put it there. So each writer, for its digest D and a tag T, does in
// this order:
//
//  1. it reads the ledger and chooses T;
//  2. it writes the record T → D into the ledger;
//  3. it looks at T, and goes on only where T is free (or is at what a moving
//     name may leave, which is kept under a number by then);
//  4. it puts D's bytes under T;
//  5. it looks whether the ledger still is what it wrote.
//
// Say that B's step 4 replaces what A put under the same T. B saw T free, so
// B's step 3 came before A's step 4, and B's step 2 before that. Both have
// written the ledger before either comes to its step 5, and of two writes one
// is the last: its record is in the ledger, and the other writer finds in its
// step 5 that the ledger has changed. That one puts the bytes that the record
// names back under T, and chooses another tag for its own digest. So both
// digests end up with a tag.
//
// Both may yield at once: B gives T back to A, while A, which saw B's bytes
// there, records that T is B's. So whoever gave a tag back looks at the ledger
// once more before it ends, and whoever recorded another's tag looks at that tag
// once more after it has written: of a tag's last write and a record's last
// write, one came before the other's look. Without that no tag would be lost,
// but a record would be another image's, which counts for nothing.
//
// Two things remain. A writer that dies between its steps 4 and 5, while
// another works on the same T, leaves a record that says what T has to be. And
// a third writer that, between the steps of the two, puts an older ledger back
// can make the wrong one of them yield; it would have to overtake both within
// the time of one request.
package retire
