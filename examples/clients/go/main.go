// Publishes samples of one machine through a spool: see docs/wire-format.md.
//
//	go run . nats://127.0.0.1:4222 works.line1.press spool [COUNT [SECONDS]]
//
// Kill it or the server at any time and start it again: nothing is lost, and what is sent twice counts once.
package main

import (
	"context"
	"log"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Without acknowledgement at a time. Andon tells repeats among the last 1,024 of a producer from new messages.
const window = 256

// send sends what waits, in order, until nothing more comes.
func send(ctx context.Context, stream jetstream.JetStream, spool *Spool, last int) {
	for {
		batch := spool.Waiting(window)
		if len(batch) == 0 {
			if spool.Count() >= last {
				return
			}
			time.Sleep(10 * time.Millisecond)
			continue
		}
		for left := batch; len(left) > 0; {
			if left = publish(ctx, stream, spool.Producer, left); len(left) > 0 {
				log.Printf("%d messages are not in the log yet", len(left))
				time.Sleep(500 * time.Millisecond)
			}
		}
		if err := spool.Acknowledge(batch[len(batch)-1].Number); err != nil {
			log.Fatal(err)
		}
	}
}

// publish gives the messages that the log has not acknowledged within two seconds.
func publish(ctx context.Context, stream jetstream.JetStream, producer string, batch []Waiting) []Waiting {
	var left []Waiting
	var sent []Waiting
	var futures []jetstream.PubAckFuture
	for _, one := range batch {
		message := nats.NewMsg(one.Subject)
		message.Data = one.Message
		message.Header.Set("Content-Type", "application/json")
		message.Header.Set("Andon-Producer", producer)
		message.Header.Set("Andon-Sequence", strconv.Itoa(one.Number))
		future, err := stream.PublishMsgAsync(message)
		if err != nil {
			left = append(left, one)
			continue
		}
		sent, futures = append(sent, one), append(futures, future)
	}
	over, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for at, future := range futures {
		select {
		case <-future.Ok():
		case <-future.Err():
			left = append(left, sent[at])
		case <-over.Done():
			left = append(left, sent[at])
		}
	}
	return left
}

// sample is what a machine says: replace this. Every tenth message is a waveform.
func sample(asset string, number int) (string, any) {
	now := float64(time.Now().UnixMicro()) / 1000
	if number%10 == 0 {
		rate, samples := 25_600.0, make([]float32, 512)
		for at := range samples {
			samples[at] = float32(math.Sin(2 * math.Pi * 50 * float64(at) / rate))
		}
		began := now - 1000*float64(len(samples))/rate
		return "waveform." + asset + ".de", map[string]any{
			"time": began, "rate": rate, "unit": "g", "samples": samples, "rpm": 1480,
		}
	}
	values := map[string]any{"number": number, "temperature": 41.5, "lubricating": true}
	return "telemetry." + asset, map[string]any{"time": now, "values": values}
}

func main() {
	if len(os.Args) < 4 {
		log.Fatal("usage: publisher URL PLANT.LINE.ASSET SPOOL [COUNT [SECONDS]]")
	}
	url, asset, folder := os.Args[1], os.Args[2], os.Args[3]
	count, seconds := 100, 1.0
	if len(os.Args) > 4 {
		count, _ = strconv.Atoi(os.Args[4])
	}
	if len(os.Args) > 5 {
		seconds, _ = strconv.ParseFloat(os.Args[5], 64)
	}
	spool, err := OpenSpool(folder, asset+"-go")
	if err != nil {
		log.Fatal(err)
	}
	connection, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(500*time.Millisecond),
		nats.RetryOnFailedConnect(true))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	stream, err := jetstream.New(connection)
	if err != nil {
		log.Fatal(err)
	}
	sent := make(chan struct{})
	go func() {
		send(context.Background(), stream, spool, count)
		close(sent)
	}()
	for spool.Count() < count {
		if !spool.IsFull() {
			if err := spool.Append(sample(asset, spool.Count()+1)); err != nil {
				log.Fatal(err)
			}
		}
		time.Sleep(time.Duration(seconds * float64(time.Second)))
	}
	<-sent
}
