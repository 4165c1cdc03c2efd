package retention_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// On the first run all tags are found at the same time: those that people call
// newer are kept.
func TestNewestOfTheSameAge(t *testing.T) {
	found := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	facts := retention.Facts{Manifests: map[image.Digest]retention.Manifest{}}
	for number := 1; number <= 12; number++ {
		tag := retention.Tag{Name: fmt.Sprintf("v%d", number), Digest: image.FromBytes([]byte{byte(number)})}
		facts.Tags = append(facts.Tags, tag)
		facts.Manifests[tag.Digest] = retention.Manifest{MediaType: image.MediaTypeOCIManifest}
		facts.Ledger = facts.Ledger.With(ledger.Record{Tag: tag.Name, Digest: tag.Digest, At: found})
	}
	policy := retention.Policy{KeepFor: 24 * time.Hour, KeepLast: 3, MaxShare: 1}
	var newest []string
	for _, v := range retention.Decide(facts, policy, found.Add(72*time.Hour)).Verdicts {
		if v.Reason == retention.Newest {
			newest = append(newest, v.Tag)
		}
	}
	assert.ElementsMatch(t, []string{"v10", "v11", "v12"}, newest)
}
