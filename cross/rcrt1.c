/*
 * The start-up code of a static-pie on 32-bit ARM, for which Debian's C library has none. cross/sysroot makes an
 * rcrt1.o of this file and of Scrt1.o, whose _start it renames to start_c_library. clang links rcrt1.o for -static-pie.
 *
 * The kernel maps the program at an address of its choice and jumps to _start here, before any code of the C library.
 * The program headers, which the auxiliary vector names, tell the distance between that address and the linked one.
 * Each word of the program that depends on an address is named by a relocation, and gets its value here. Functions that
 * are chosen for the processor (IRELATIVE) come last, since their resolvers are code of the program. Before that,
 * nothing is called, and no address is read from the program's memory.
 *
 * The C library believes that the program is where it was linked: it adds nothing to the addresses in the program
 * headers, by which it finds the first values of thread-local variables (PT_TLS) and what becomes read-only
 * (PT_GNU_RELRO). So it gets a copy of the headers with the true addresses. All this is the ABI of kernel, ELF and
 * linker. No data structure of the C library is touched.
 *
 * What is not as expected ends the program by an illegal instruction, before it has opened a line.
 * test/unit/test_start.c looks at what came of it.
 */
#include <elf.h>
#include <stdint.h>

enum {
	HEADERS_MAX = 16, /* lld makes 11 */
	TCB_BYTES = 8,    /* between the thread pointer and the first thread-local variable */
};

typedef Elf32_Addr resolver(Elf32_Addr hwcap);

static Elf32_Phdr headers[HEADERS_MAX];

/* stack: as the kernel leaves it: argc, argv, NULL, environment, NULL, auxiliary vector. */
__attribute__((used)) static void relocate(uintptr_t *stack)
{
	uintptr_t *word = stack + 1 + stack[0] + 1;
	while (*word++)
		;
	Elf32_auxv_t *at_phdr = 0;
	Elf32_Addr count = 0, hwcap = 0;
	for (Elf32_auxv_t *entry = (Elf32_auxv_t *)word; entry->a_type != AT_NULL; entry++) {
		if (entry->a_type == AT_PHDR)
			at_phdr = entry;
		else if (entry->a_type == AT_PHNUM)
			count = entry->a_un.a_val;
		else if (entry->a_type == AT_HWCAP)
			hwcap = entry->a_un.a_val;
	}
	if (!at_phdr || count > HEADERS_MAX)
		__builtin_trap();

	const Elf32_Phdr *const linked = (const Elf32_Phdr *)at_phdr->a_un.a_val;
	const Elf32_Phdr *itself = 0, *dynamic = 0, *tls = 0;
	for (const Elf32_Phdr *header = linked; header < linked + count; header++) {
		if (header->p_type == PT_PHDR)
			itself = header;
		else if (header->p_type == PT_DYNAMIC)
			dynamic = header;
		else if (header->p_type == PT_TLS)
			tls = header;
	}
	if (!itself || !dynamic || !tls || (tls->p_vaddr & (tls->p_align - 1)))
		__builtin_trap();
	const Elf32_Addr distance = (Elf32_Addr)linked - itself->p_vaddr;
	const Elf32_Addr first_tls = (TCB_BYTES + tls->p_align - 1) & -tls->p_align;

	Elf32_Addr table = 0, bytes = 0, packed = 0, packed_bytes = 0;
	for (const Elf32_Dyn *entry = (const Elf32_Dyn *)(distance + dynamic->p_vaddr); entry->d_tag; entry++) {
		const Elf32_Sword tag = entry->d_tag;
		if (tag == DT_REL)
			table = distance + entry->d_un.d_ptr;
		else if (tag == DT_RELSZ)
			bytes = entry->d_un.d_val;
		else if (tag == DT_RELR)
			packed = distance + entry->d_un.d_ptr;
		else if (tag == DT_RELRSZ)
			packed_bytes = entry->d_un.d_val;
		else if (tag == DT_RELA || tag == DT_TEXTREL || (tag == DT_PLTRELSZ && entry->d_un.d_val))
			__builtin_trap();
	}

	/* An even entry is the address of a word to relocate; the bits of an odd one are the 31 words that follow. */
	Elf32_Addr *next = 0;
	for (Elf32_Addr i = 0; i < packed_bytes / sizeof(Elf32_Relr); i++) {
		const Elf32_Relr entry = ((const Elf32_Relr *)packed)[i];
		if (entry % 2 == 0) {
			next = (Elf32_Addr *)(distance + entry);
			*next++ += distance;
			continue;
		}
		for (int bit = 1; bit < 32; bit++, next++)
			if (entry >> bit & 1)
				*next += distance;
	}
	const Elf32_Rel *const begin = (const Elf32_Rel *)table, *const end = (const Elf32_Rel *)(table + bytes);
	for (const Elf32_Rel *relocation = begin; relocation < end; relocation++) {
		Elf32_Addr *const place = (Elf32_Addr *)(distance + relocation->r_offset);
		if (relocation->r_info == R_ARM_RELATIVE)
			*place += distance;
		else if (relocation->r_info == R_ARM_TLS_TPOFF32)
			*place += first_tls;
		else if (relocation->r_info != R_ARM_IRELATIVE)
			__builtin_trap();
	}
	for (const Elf32_Rel *relocation = begin; relocation < end; relocation++) {
		Elf32_Addr *const place = (Elf32_Addr *)(distance + relocation->r_offset);
		if (relocation->r_info == R_ARM_IRELATIVE)
			*place = ((resolver *)(distance + *place))(hwcap);
	}

	for (Elf32_Addr i = 0; i < count; i++) {
		headers[i] = linked[i];
		headers[i].p_vaddr += distance;
	}
	at_phdr->a_un.a_val = (Elf32_Addr)headers;
}

/* The C library finds stack and r0 as the kernel left them. */
__attribute__((naked)) void _start(void)
{
	__asm__("mov r4, r0\n\t"
		"mov r0, sp\n\t"
		"bl relocate\n\t"
		"mov r0, r4\n\t"
		"bl start_c_library");
}
