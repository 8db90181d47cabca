/*
 * BUILT_WITH_SANITIZER: this build carries AddressSanitizer or ThreadSanitizer, which need calls, memory and rights that the program itself
 * does without. Where something is left out for their sake, it says so beside this name; the builds that people run never define it.
 */
#ifndef STAUNCH_BASE_SANITIZER_H
#define STAUNCH_BASE_SANITIZER_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BUILT_WITH_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BUILT_WITH_SANITIZER 1
#endif
#endif

#endif
