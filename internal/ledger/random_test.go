package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// random makes a small ledger of few different words, so that two of them have
// much in common and in conflict.
func random(seed uint64) ledger.Ledger {
	r := rand.New(rand.NewPCG(seed, 0))
	word := func(of ...string) string { return of[r.IntN(len(of))] }
	digest := func() image.Digest { return image.FromBytes(fmt.Append(nil, r.IntN(4))) }
	at := func() time.Time { return noon.Add(time.Duration(r.IntN(5)) * time.Second) }
	var l ledger.Ledger
	for range r.IntN(5) {
		one := ledger.Record{Tag: word("v1", "v2", "oldest"), From: word("", "latest", "stable"), Digest: digest(), At: at(), By: word("", "acme/app#1", "<&>\u2028\x01\"€")}
		if r.IntN(2) == 0 {
			one.ReplacedBy = digest()
		}
		l = l.With(one)
		if r.IntN(3) == 0 {
			l = l.Forget(one.Tag)
		}
	}
	for range r.IntN(30) {
		l = l.See(word("latest", "stable"), digest(), at())
	}
	for range r.IntN(4) {
		l = l.UseNumber(word("v{{.Next}}", "w{{.Next}}"), 1+r.IntN(9))
	}
	for range r.IntN(3) {
		l = l.Finish(word("basekeeper.trash-1", "basekeeper.trash-2"), l.Finished)
	}
	return l
}
