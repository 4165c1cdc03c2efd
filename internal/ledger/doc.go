// Package ledger is what basekeeper remembers about the tags of one repository
// in a registry: which tag was retired when, from what, because of what; what
// published tags pointed at, and since when; which numbers have been used.
//
// Registries date the digest and not the tag, so that age has to be counted
// from here. The ledger is one small OCI artifact under the tag [Tag]; its
// configuration blob is the JSON of [Encode].
//
// A writer reads it, changes what it read, writes and looks again, because
// registries have no compare-and-swap. All changes are made so that a lost one
// delays a deletion and never causes one.
package ledger
