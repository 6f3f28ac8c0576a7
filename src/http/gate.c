/*
 * The gate keeps three short lists: addresses that failed (strangers), addresses that were right or have a session
 * (friends), and checks of a hash. The oldest stranger and the oldest friend make room for new ones; where there is no room
 * for a check, the client has to ask again later. A check goes from the question to its verdict, which waits until the
 * same address asks again with the same credentials.
 */
#include "http/gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/priority.h"
#include "base/thread.h"
#include "base/wake.h"
#include "http/guard.h"

#define AUTHORIZATION_MAX 400 /* struct http_request's */
#define STACK_BYTES (192 * 1024)
#define STRANGERS 64
#define FRIENDS 8
#define CHECKS 16             /* hashes to be reckoned, and verdicts that nobody has asked for yet */
#define VERDICT_KEPT_MS 10000 /* for who asked, at least, unless he is gone */
#define MINUTE_MS 60000

struct friend
{
	uint64_t network, host;
};

/* Who failed: a network, or the one address of a friend. */
struct stranger {
	uint64_t network, host;
	bool is_friend;
	unsigned failures; /* 0: free */
	int64_t failed_ms, until_ms;
};

/* One for each address and password, from the question to the verdict. */
struct check {
	enum { CHECK_FREE, CHECK_WAITING, CHECK_UNDER_WAY, CHECK_RIGHT, CHECK_WRONG } state;
	struct http_peer peer;
	uint64_t turn; /* the lowest comes first */
	int64_t ended_ms;
	char authorization[AUTHORIZATION_MAX];
};

struct http_gate {
	const struct log *log;
	struct http_config config;
	bool hashed;
	char credentials[HTTP_CREDENTIALS_MAX + 1]; /* of a plain password */
	char right[AUTHORIZATION_MAX];              /* of a hashed one, once it was right; "" before */

	struct stranger strangers[STRANGERS];
	struct friend friends[FRIENDS];
	size_t friend_count, friend_next;
	int64_t minute_ms;
	unsigned failures; /* in this minute, from everywhere */
	bool total_logged;

	/* One check at a time, by a thread: its authorization is only read while it is under way. */
	pthread_t thread;
	struct check checks[CHECKS];
	struct check *under_way; /* NULL: none */
	uint64_t turns;
	atomic_bool answered;
	bool was_right;
	struct wake done; /* open where the password is hashed */
	void (*on_checked)(void *user);
	void *user;
};

static bool credentials_equal(const char *a, const char *b)
{
	return *a && http_guard_authorized(a, b);
}

/* ---- The thread. ---- */

static void *check_reckon(void *argument)
{
	struct http_gate *gate = argument;
	char plain[AUTHORIZATION_MAX];
	priority_patient();
	size_t user = strlen(gate->config.username), length = http_guard_decode(gate->under_way->authorization, plain);
	/* The hash is reckoned for a wrong name, too: the time does not tell whether the name was right. */
	bool split = length > user && plain[user] == ':';
	volatile unsigned char wrong = !split;
	for (size_t i = 0; i < user && i < length; i++)
		wrong |= (unsigned char)(plain[i] ^ gate->config.username[i]);
	const char *password = split ? plain + user + 1 : plain;
	bool right = gate->config.password_right(gate->config.password, password, split ? length - user - 1 : length);
	gate->was_right = right && !wrong;
	explicit_bzero(plain, sizeof(plain));
	atomic_store(&gate->answered, true);
	wake_up(&gate->done); /* from here on the gate may be gone */
	return NULL;
}

/* ---- The loop's side. ---- */

static bool gate_is_friend(const struct http_gate *gate, const struct http_peer *peer)
{
	for (size_t i = 0; i < gate->friend_count; i++)
		if (gate->friends[i].network == peer->network && gate->friends[i].host == peer->host)
			return true;
	return false;
}

/* Who was right before does not wait for what others of his network guess. */
static struct stranger *gate_find_stranger(struct http_gate *gate, const struct http_peer *peer, int64_t now_ms)
{
	bool known = gate_is_friend(gate, peer);
	for (struct stranger *stranger = gate->strangers; stranger < gate->strangers + STRANGERS; stranger++) {
		if (stranger->failures && now_ms - stranger->failed_ms > HTTP_GATE_FORGET_MS)
			stranger->failures = 0;
		if (stranger->failures && stranger->network == peer->network && stranger->is_friend == known &&
				(!known || stranger->host == peer->host))
			return stranger;
	}
	return NULL;
}

void http_gate_remember(struct http_gate *gate, const struct http_peer *peer)
{
	if (gate_is_friend(gate, peer))
		return;
	gate->friends[gate->friend_next] = (struct friend){peer->network, peer->host};
	gate->friend_next = (gate->friend_next + 1) % FRIENDS;
	if (gate->friend_count < FRIENDS)
		gate->friend_count++;
}

/* A right password also makes up for those that were wrong before. A session does not: it may share an address with one
 * who guesses. */
static void gate_befriend(struct http_gate *gate, const struct http_peer *peer, int64_t now_ms)
{
	struct stranger *stranger = gate_find_stranger(gate, peer, now_ms);
	if (stranger)
		stranger->failures = 0;
	http_gate_remember(gate, peer);
}

static void gate_count_failure(struct http_gate *gate, const struct http_peer *peer, int64_t now_ms)
{
	struct stranger *stranger = gate_find_stranger(gate, peer, now_ms);
	if (!stranger) {
		stranger = gate->strangers;
		for (struct stranger *other = gate->strangers; other < gate->strangers + STRANGERS; other++)
			if (!other->failures || (stranger->failures && other->failed_ms < stranger->failed_ms))
				stranger = other;
		*stranger = (struct stranger){
				.network = peer->network, .host = peer->host, .is_friend = gate_is_friend(gate, peer)};
	}
	stranger->failures++;
	stranger->failed_ms = now_ms;
	if (stranger->failures >= HTTP_GATE_FREE_TRIES) {
		unsigned doubled = stranger->failures - HTTP_GATE_FREE_TRIES;
		int64_t wait_ms = doubled < 9 ? INT64_C(1000) << doubled : HTTP_GATE_WAIT_MAX_MS;
		stranger->until_ms = now_ms + (wait_ms < HTTP_GATE_WAIT_MAX_MS ? wait_ms : HTTP_GATE_WAIT_MAX_MS);
	}
	gate->failures++;
	log_warning(gate->log, "HTTP: wrong user name or password from %s", peer->text);
}

/* The longest waiting one has its turn. */
static bool gate_start_check(struct http_gate *gate)
{
	struct check *next = NULL;
	for (struct check *check = gate->checks; check < gate->checks + CHECKS; check++)
		if (check->state == CHECK_WAITING && (!next || check->turn < next->turn))
			next = check;
	if (!next || gate->under_way)
		return true;
	gate->under_way = next;
	atomic_store(&gate->answered, false);
	int error = thread_start(&gate->thread, STACK_BYTES, check_reckon, gate);
	if (error) {
		log_error(gate->log, "HTTP: a password cannot be checked: %s", strerror(-error));
		gate->under_way = NULL;
		next->state = CHECK_FREE;
		return false;
	}
	next->state = CHECK_UNDER_WAY;
	return true;
}

/* Counted here, whether or not who asked still waits for the verdict. */
static void check_done(void *user)
{
	struct http_gate *gate = user;
	if (!gate->under_way || !atomic_load(&gate->answered))
		return;
	/* Its way out, behind whoever has the processor, is not waited for: a relay may be on. */
	pthread_detach(gate->thread);
	struct check *check = gate->under_way;
	gate->under_way = NULL;
	check->ended_ms = loop_now_ms();
	if (gate->was_right) {
		check->state = CHECK_RIGHT;
		memcpy(gate->right, check->authorization, sizeof(gate->right));
		gate_befriend(gate, &check->peer, check->ended_ms);
	} else {
		check->state = CHECK_WRONG;
		gate_count_failure(gate, &check->peer, check->ended_ms);
	}
	gate_start_check(gate);
	gate->on_checked(gate->user);
}

/* What is known of this question, which is thereby answered; CHECKING: nothing yet. */
static bool gate_take_verdict(struct http_gate *gate, const char *authorization, const struct http_peer *peer,
		enum http_verdict *verdict)
{
	for (struct check *check = gate->checks; check < gate->checks + CHECKS; check++) {
		if (check->state == CHECK_FREE || check->peer.network != peer->network ||
				!credentials_equal(check->authorization, authorization))
			continue;
		*verdict = check->state == CHECK_RIGHT   ? HTTP_LET_IN
			   : check->state == CHECK_WRONG ? HTTP_WRONG_PASSWORD
							 : HTTP_CHECKING;
		if (*verdict != HTTP_CHECKING)
			check->state = CHECK_FREE;
		return true;
	}
	return false;
}

/* A new question. Who has one before the check already waits for that: the next asks again when it has ended. */
static enum http_verdict gate_check_hashed(
		struct http_gate *gate, const char *authorization, const struct http_peer *peer, int64_t now_ms)
{
	struct check *place = NULL;
	if (strlen(authorization) >= AUTHORIZATION_MAX || !http_guard_is_basic(authorization)) {
		gate_count_failure(gate, peer, now_ms);
		return HTTP_WRONG_PASSWORD;
	}
	for (struct check *check = gate->checks; check < gate->checks + CHECKS; check++) {
		bool ended = check->state == CHECK_RIGHT || check->state == CHECK_WRONG;
		if (!ended && check->state != CHECK_FREE && check->peer.network == peer->network)
			return HTTP_CHECKING;
		if (check->state == CHECK_FREE || (ended && now_ms - check->ended_ms >= VERDICT_KEPT_MS))
			place = check;
	}
	if (!place)
		return HTTP_SLOWED;
	*place = (struct check){.state = CHECK_WAITING, .peer = *peer, .turn = gate->turns++};
	snprintf(place->authorization, sizeof(place->authorization), "%s", authorization);
	return gate_start_check(gate) ? HTTP_CHECKING : HTTP_SLOWED;
}

static int64_t gate_slowed_until(struct http_gate *gate, const struct http_peer *peer, int64_t now_ms)
{
	const struct stranger *stranger = gate_find_stranger(gate, peer, now_ms);
	if (stranger && stranger->until_ms > now_ms)
		return stranger->until_ms;
	if (now_ms - gate->minute_ms >= MINUTE_MS) {
		gate->minute_ms = now_ms;
		gate->failures = 0;
		gate->total_logged = false;
	}
	if (gate->failures < HTTP_GATE_TOTAL_MINUTE || gate_is_friend(gate, peer))
		return now_ms;
	if (!gate->total_logged)
		log_warning(gate->log,
				"HTTP: more than %d wrong passwords in a minute: only who was right before is heard for the rest of it",
				HTTP_GATE_TOTAL_MINUTE);
	gate->total_logged = true;
	return gate->minute_ms + MINUTE_MS;
}

enum http_verdict http_gate_ask(struct http_gate *gate, const char *authorization, const struct http_peer *peer,
		int64_t now_ms, int *retry_after_s)
{
	*retry_after_s = 1;
	if (!gate->config.username)
		return HTTP_LET_IN;
	if (!*authorization)
		return HTTP_NO_PASSWORD;
	enum http_verdict verdict;
	if (gate_take_verdict(gate, authorization, peer, &verdict))
		return verdict;
	int64_t until_ms = gate_slowed_until(gate, peer, now_ms);
	if (until_ms > now_ms) {
		*retry_after_s = (int)((until_ms - now_ms + 999) / 1000);
		return HTTP_SLOWED;
	}
	if (credentials_equal(gate->hashed ? gate->right : gate->credentials, authorization)) {
		gate_befriend(gate, peer, now_ms);
		return HTTP_LET_IN;
	}
	if (gate->hashed)
		return gate_check_hashed(gate, authorization, peer, now_ms);
	gate_count_failure(gate, peer, now_ms);
	return HTTP_WRONG_PASSWORD;
}

int http_gate_new(struct loop *loop, const struct log *log, const struct http_config *config,
		void (*checked)(void *user), void *user, struct http_gate **out, char error[static HTTP_ERROR_MAX])
{
	if (!config->username != !config->password || (config->username && strchr(config->username, ':'))) {
		snprintf(error, HTTP_ERROR_MAX, "username and password go together, and a username has no colon");
		return -EINVAL;
	}
	struct http_gate *gate = calloc(1, sizeof(*gate));
	int result = -ENOMEM;
	snprintf(error, HTTP_ERROR_MAX, "out of memory");
	if (!gate)
		return result;
	gate->log = log;
	gate->config = *config;
	gate->hashed = config->username && config->password_right;
	gate->on_checked = checked;
	gate->user = user;
	gate->minute_ms = loop_now_ms();
	if (gate->hashed) {
		result = wake_open(&gate->done, loop, check_done, gate);
		if (result < 0) {
			snprintf(error, HTTP_ERROR_MAX, "passwords cannot be checked: %s", strerror(-result));
			goto fail;
		}
	} else if (!http_guard_credentials(config, gate->credentials)) {
		snprintf(error, HTTP_ERROR_MAX, "username and password are longer than %d bytes together",
				HTTP_PASSWORD_MAX);
		result = -EINVAL;
		goto fail;
	}
	*out = gate;
	return 0;
fail:
	http_gate_free(gate);
	return result;
}

bool http_gate_checking(const struct http_gate *gate)
{
	return gate->under_way;
}

void http_gate_free(struct http_gate *gate)
{
	if (!gate)
		return;
	if (gate->under_way)
		pthread_join(gate->thread, NULL);
	wake_close(&gate->done);
	explicit_bzero(gate, sizeof(*gate));
	free(gate);
}
