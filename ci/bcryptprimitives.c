/* A DLL that Rust's standard library asks for random numbers; Wine 8 does not have it, and ends every Rust program
   with status 53. Built and put into place by ci/wine. */
#include <windows.h>

/* advapi32's generator: the header that declares it, ntsecapi.h, gives it another name. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length) {
    return SystemFunction036(buffer, (ULONG)length);
}
