// What sched.c measures, of Go's own runtime, under the same names. Arguments as there.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	tries    = 5
	room     = 64
	switches = 200000
	measured = 300 * time.Millisecond
)

func best(most bool, f func() float64) float64 {
	found := f()
	for i := 1; i < tries; i++ {
		if x := f(); (x > found) == most {
			found = x
		}
	}
	return found
}

func yields() float64 {
	start := time.Now()
	for i := 0; i < switches; i++ {
		runtime.Gosched()
	}
	return float64(time.Since(start).Nanoseconds()) / switches
}

func handoffs() float64 {
	there, back := make(chan bool), make(chan bool)
	go func() {
		for range there {
			back <- true
		}
	}()
	start := time.Now()
	for i := 0; i < switches; i++ {
		there <- true
		<-back
	}
	ns := float64(time.Since(start).Nanoseconds()) / switches
	close(there)
	return ns
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "sched_go:", err)
		os.Exit(2)
	}
}

func socketpair() (net.Conn, net.Conn) {
	fd, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	check(err)
	var c [2]net.Conn
	for i := range c {
		f := os.NewFile(uintptr(fd[i]), "")
		c[i], err = net.FileConn(f)
		check(err)
		f.Close()
	}
	return c[0], c[1]
}

func tcp() (net.Conn, net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	a, err := net.Dial("tcp", l.Addr().String())
	check(err)
	b, err := l.Accept()
	check(err)
	l.Close()
	a.(*net.TCPConn).SetLinger(0)
	b.(*net.TCPConn).SetLinger(0)
	return a, b
}

func trips(n int, connect func() (net.Conn, net.Conn), beside func() float64) float64 {
	var stop int32
	var count int64
	var all sync.WaitGroup
	all.Add(2 * n)
	start := time.Now()
	for i := 0; i < n; i++ {
		a, b := connect()
		go func() {
			defer all.Done()
			var buf [room]byte
			for {
				if _, err := b.Read(buf[:]); err != nil {
					break
				}
				b.Write(buf[:1])
			}
			b.Close()
		}()
		go func() {
			defer all.Done()
			var buf [room]byte
			m := int64(0)
			for atomic.LoadInt32(&stop) == 0 {
				a.Write(buf[:1])
				if _, err := a.Read(buf[:]); err != nil {
					break
				}
				m++
			}
			a.Close()
			atomic.AddInt64(&count, m)
		}()
	}
	figure := beside()
	atomic.StoreInt32(&stop, 1)
	all.Wait()
	if figure != 0 {
		return figure
	}
	return float64(count) / time.Since(start).Seconds()
}

func quietly() float64 {
	time.Sleep(measured)
	return 0
}

// runtime.ReadMemStats stops the world and starts it, and does little else.
func stops() float64 {
	var m runtime.MemStats
	n := 0
	start := time.Now()
	for time.Since(start) < measured {
		runtime.ReadMemStats(&m)
		n++
		runtime.Gosched()
	}
	return float64(n) / time.Since(start).Seconds()
}

func main() {
	runtime.GOMAXPROCS(2)
	rate := func(n int, c func() (net.Conn, net.Conn), f func() float64) float64 {
		return best(true, func() float64 { return trips(n, c, f) })
	}
	wanted := func(name string) bool {
		for _, argument := range os.Args[1:] {
			if argument == name {
				return true
			}
		}
		return len(os.Args) < 2
	}
	fmt.Printf(`{"version":%q`, runtime.Version())
	for _, figure := range []struct {
		name    string
		measure func() float64
	}{
		{"yield_ns", func() float64 { return best(false, yields) }},
		{"handoff_ns", func() float64 { return best(false, handoffs) }},
		{"pair_1_per_s", func() float64 { return rate(1, socketpair, quietly) }},
		{"pair_100_per_s", func() float64 { return rate(100, socketpair, quietly) }},
		{"tcp_1_per_s", func() float64 { return rate(1, tcp, quietly) }},
		{"tcp_100_per_s", func() float64 { return rate(100, tcp, quietly) }},
		{"stops_per_s", func() float64 { return rate(100, socketpair, stops) }},
	} {
		if wanted(figure.name) {
			fmt.Printf(`,%q:%.1f`, figure.name, figure.measure())
		}
	}
	fmt.Println("}")
}
