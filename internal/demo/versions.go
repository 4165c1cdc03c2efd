package demo

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// shopImage is what acme/shop builds.
const shopImage = "apps/shop"

// imagesName is the configuration of runs about published images.
const imagesName = "images.yaml"

// earlier are the shop's versions from before basekeeper, and what it publishes
// now.
var (
	earlierShops = []published{
		{shopImage, "v1", "", "shop 1", 1, usual},
		{shopImage, "v2", "", "shop 2", 2, usual},
		{shopImage, "v3", "", "shop 3", 3, usual},
		{shopImage, "v4", "", "shop 4", 4, usual},
		{shopImage, "latest", "", "shop 5", 5, usual},
	}
	newShop = []published{{shopImage, "latest", "middleware/tomcat:9", "shop 6", 42, usual}}
)

// publishShop publishes the shop's image and has a run remember where its tag
// points, before anything is merged.
func (s *story) publishShop(ctx context.Context) {
	s.publish(ctx, earlierShops)
	s.do(func() error {
		config := fmt.Sprintf("forge: %s\nimages:\n  - {image: %s/%s, repository: %s}\nretention: {keep-for: 30d, keep-last: 2}\nroots: {organizations: [%s]}\n",
			strings.ToLower(s.flavor.String()), s.Registry, shopImage, s.full("shop"), Organization)
		return os.WriteFile(s.path(imagesName), []byte(config), 0o600)
	})
	s.say("shop publishes an image of its own, %s: latest, and v1 to v4 that somebody\ntagged by hand. A run that may write remembers where latest points:", shopImage)
	s.onImages(ctx, "on-merge", s.words.Flag, Organization)
	s.clock.skip(time.Hour)
}

// versions is the chapter about what becomes of the images that are replaced.
func (s *story) versions(ctx context.Context) {
	s.chapter("5. What a merge replaces")
	before := s.digests[shopImage+":latest"]
	s.say("The merge of %s has its image built anew, and CI was quick: it has moved\nlatest already. What was there before the merge is kept as v5 all the same.", s.named("shop", 1))
	s.publish(ctx, newShop)
	s.onImages(ctx, "on-merge", s.words.Flag, Organization)
	s.tagged(ctx, "v5", before)
	s.say("To go back is one command; basekeeper does not do it here.\n\n  basekeeper rollback %s/%s --to v5", s.Registry, shopImage)

	s.say("What may be deleted? Nothing yet: v1 to v4 have no record, so that their time\nbegins now.")
	s.onImages(ctx, "prune", "--yes")
	s.say("Forty days pass. One %s has pinned v2 in the meantime.", s.words.repository)
	s.clock.skip(40 * 24 * time.Hour)
	s.do(func() error {
		pin := fmt.Sprintf("FROM %s/%s:v2@%s\n", s.Registry, shopImage, s.digests[shopImage+":v2"])
		return s.site.create(s.full("storefront"), repositoryOptions{}, git.File{Path: "Dockerfile", Content: []byte(pin)})
	})
	s.onImages(ctx, "prune")
	s.say("That was only a look. Now they go: saved first, then deleted.")
	s.onImages(ctx, "prune", "--yes")
	s.gone(ctx, "v1", "v3")
	s.tagged(ctx, "v2", s.digests[shopImage+":v2"])
	s.say("v3 was wanted after all. For seven days it can be put back, byte for byte.")
	s.onImages(ctx, "restore", s.Registry+"/"+shopImage, "v3")
	s.tagged(ctx, "v3", s.digests[shopImage+":v3"])
	s.gone(ctx, "v1")
}

// onImages runs a command about the shop's images, which must end well.
func (s *story) onImages(ctx context.Context, args ...string) {
	s.basekeeper(ctx, 0, append(args, "--config", s.path(imagesName))...)
}

// tagged ends the story unless a tag of the shop points there.
func (s *story) tagged(ctx context.Context, tag string, want image.Digest) {
	s.do(func() error {
		got, err := s.registry.Digest(ctx, shopImage, tag)
		if err == nil && got != want {
			err = fmt.Errorf("the demo expects that %s:%s is %s, it is %q", shopImage, tag, want, got)
		}
		return err
	})
}

// gone ends the story unless the shop's tags are deleted.
func (s *story) gone(ctx context.Context, tags ...string) {
	for _, tag := range tags {
		s.tagged(ctx, tag, "")
	}
}
