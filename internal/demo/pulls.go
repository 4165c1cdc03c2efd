package demo

import (
	"context"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// organization is the chapter about the first pull requests of an organisation,
// or merge requests of a group.
func (s *story) organization(ctx context.Context) {
	s.chapter("2. " + s.words.title)
	if s.err == nil {
		s.err = s.organize(registryName)
	}
	s.say("A %s runs at %s, just for this demo too; %s\nand %s are set to it. Its %s %s has %d %s:",
		s.flavor, s.Forge, s.words.Address, s.words.Token, s.words.Group, Organization, len(layered), s.words.contents)
	s.list(layered, func(p project) string { return strings.TrimPrefix(s.full(p.name), Organization+"/") })
	s.say("basekeeper reads them by the API, many to a request; nothing is cloned.")
	s.onForge(ctx, s.basekeeper, "check")
	s.expect()

	s.say("A security fix lands in rhel:7.5. bump opens a %s where that is used.%s", s.flavor.Noun(), s.words.pauses)
	s.publish(ctx, movedRHEL)
	s.onForge(ctx, s.basekeeper, "bump")
	s.expect("tomcat#1 OPEN", "mysql#1 OPEN", "redis#1 OPEN")
	s.pinned("base/rhel:7.5", "tomcat#1", "mysql#1", "redis#1")
	s.say("One of them as its reviewer sees it:")
	s.body("tomcat", 1)
	s.say("Only a merge changes main. A second run has nothing to write.")
	s.writing(ctx, 0)
}

// life is the chapter about what happens to pull or merge requests.
func (s *story) life(ctx context.Context) {
	s.chapter("3. The life of a " + s.flavor.Noun())
	s.say("The base moves again before anybody has merged. The same %ss are\nmoved on, each in one step.", s.flavor.Noun())
	s.publish(ctx, movedAgain)
	s.onForge(ctx, s.briefly, "bump")
	s.expect("tomcat#1 OPEN", "mysql#1 OPEN", "redis#1 OPEN")
	s.pinned("base/rhel:7.5", "tomcat#1", "mysql#1", "redis#1")

	s.say("Now people act: ada closes %s unmerged, bob pushes a commit of his own to\nthe branch of %s. The first is declined until the next digest, the second\nis bob's from now on, which a comment tells him.",
		s.named("redis", 1), s.named("mysql", 1))
	s.do(func() error { return s.site.close(s.full("redis"), 1, "ada") })
	s.push("mysql", 1, "bob", git.File{Path: "my.cnf", Content: []byte("[mysqld]\n")})
	s.writing(ctx, s.words.note)
	s.expect("tomcat#1 OPEN", "mysql#1 OPEN", "redis#1 CLOSED")
	s.say("He is told once: the next run writes nothing.")
	s.writing(ctx, 0)
	s.comments("mysql", 1, 1)

	s.say("ada thinks again and reopens %s; all three are merged.", s.named("redis", 1))
	s.do(func() error { return s.site.reopen(s.full("redis"), 1, "ada") })
	s.merge("tomcat", "mysql", "redis")
	s.onForge(ctx, s.briefly, "check", "--exit-code")
	s.say("rhel's users are up to date. The apps are too, as far as a digest can tell:\ntheir base is the middleware, and none of that has been built anew yet.")
}

// waves is the chapter about images that are built on each other.
func (s *story) waves(ctx context.Context) {
	s.chapter("4. The second wave")
	s.say("The merges had tomcat, mysql and redis built on the new rhel and published.\nNow the apps are due.")
	s.publish(ctx, rebuiltMiddleware)
	s.onForge(ctx, s.briefly, "bump")
	middle := []string{"tomcat#1 MERGED", "mysql#1 MERGED", "redis#1 MERGED"}
	s.expect(append(slices.Clone(middle), "shop#1 OPEN", "billing#1 OPEN", "orders#1 OPEN", "sessions#1 OPEN")...)
	s.pinned("middleware/tomcat:9", "shop#1", "billing#1")
	s.pinned("middleware/mysql:8", "orders#1")
	s.pinned("middleware/redis:7", "sessions#1")

	s.publishShop(ctx)

	s.say("An hour later they are merged, and from base to middleware to apps all is up to date.")
	s.merge("shop", "billing", "orders", "sessions")
	s.onForge(ctx, s.briefly, "check", "--exit-code")
	s.writing(ctx, 0)
	s.expect(append(middle, "shop#1 MERGED", "billing#1 MERGED", "orders#1 MERGED", "sessions#1 MERGED")...)
}

// figures tells what all of it cost.
func (s *story) figures() {
	reads, writes := s.site.Counts()
	s.say("All of this took %d requests to %s, %d of them to write, and %d to the\nregistry.", reads+writes, s.flavor, writes, len(s.registry.Requests()))
}

// onForge runs a command on the organisation or group, which must end well, and
// shows it as show does.
func (s *story) onForge(ctx context.Context, show func(context.Context, int, ...string), args ...string) {
	show(ctx, 0, append(args, s.words.Flag, Organization, "--config", s.path(configName))...)
}

// writing runs bump and ends the story unless that is so many requests to
// write.
func (s *story) writing(ctx context.Context, want int) {
	_, before := s.site.Counts()
	s.onForge(ctx, s.briefly, "bump")
	if _, after := s.site.Counts(); after-before != want {
		s.fail("the demo expects %d requests to write, %s had %d", want, s.flavor, after-before)
	}
}

// do does what a person does on the forge.
func (s *story) do(act func() error) {
	if s.err == nil {
		s.err = act()
	}
}

// push has a person push a commit to the branch of a pull or merge request.
func (s *story) push(repository string, number int, by string, file git.File) {
	s.do(func() error {
		p, err := s.pull(repository, number)
		if err != nil {
			return err
		}
		_, err = s.site.Push(s.full(repository), p.head, by, "Tune it", file)
		return err
	})
}

// merge has ada merge the first pull or merge request of each repository.
func (s *story) merge(repositories ...string) {
	for _, r := range repositories {
		s.do(func() error { return s.site.merge(s.full(r), 1, "ada") })
	}
}
