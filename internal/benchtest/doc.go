// Package benchtest measures the whole program on 1,000 Dockerfiles that pin
// 200 tags of a registry on loopback: how many requests, which are held by
// ordinary tests, and how long, how much memory and how it stands beside other
// ways to do the same, which are benchmarks. docs/benchmarks.md has the figures.
package benchtest
