using System.Runtime.Intrinsics.X86;
using XLLM.NativeBackends.Interop;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class BackendRegistryTests
{
    [Fact]
    public void Open_Auto_OpensTheFirstThatCanRunHere()
    {
        using var backend = BackendRegistry.Open(BackendRegistry.Auto, new BackendOptions());
        Assert.Equal(BackendRegistry.All.First(entry => entry.Missing() is null).Name, backend.Name);
        Assert.NotEmpty(backend.Description);
    }

    [Fact]
    public void Open_NamesTheKnownBackends_WhenThereIsNoSuch()
    {
        var error = Assert.Throws<OpException>(() => BackendRegistry.Open("gpu", new BackendOptions()));
        Assert.Equal("backend 'gpu' is unknown; known: auto, cpu, reference", error.Message);
    }

    [Fact]
    public void TheCpuBackend_IsKnownWithAReason_WhereItIsNotBuilt()
    {
        var cpu = BackendRegistry.All.Single(entry => entry.Name == "cpu");
        Assert.Equal(NativeLibraryResolver.Missing, cpu.Missing());
        if (cpu.Missing() is { } reason)
        {
            var error = Assert.Throws<OpException>(() => BackendRegistry.Open("cpu", new BackendOptions()));
            Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TheCpuBackend_SaysWhatItRunsOn_AndRefusesImpossibleThreads()
    {
        SkipWithoutCpu();
        using (var cpu = BackendRegistry.Open("cpu", new BackendOptions { Threads = 3, InstructionSet = InstructionSet.Portable }))
        {
            Assert.Equal("portable, 3 threads", cpu.Description);
        }

        var error = Assert.Throws<OpException>(() => BackendRegistry.Open("cpu", new BackendOptions { Threads = 0 }));
        Assert.Equal("open: 0 threads; it must be 1 to 1024", error.Message);
        error = Assert.Throws<OpException>(() => BackendRegistry.Open("cpu", new BackendOptions { InstructionSet = (InstructionSet)9 }));
        Assert.Equal("cpu: instruction set 9 is not in [0, 3]", error.Message);
    }

    /// <summary>A library that was built for the best instruction set alone would leave the others untested without a word.</summary>
    [Fact]
    public void EveryInstructionSetOfThisProcessor_IsInTheLibraryThatIsTested()
    {
        SkipWithoutCpu();
        Assert.Contains("cpu Portable 2", BackendVariants.Names);
        Assert.Equal(Avx2.IsSupported && Fma.IsSupported, BackendVariants.Names.Contains("cpu Avx2 2"));
        Assert.Equal(
            Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported,
            BackendVariants.Names.Contains("cpu Avx512 2"));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Allocate_GivesZeroedAlignedMemory_AndRefusesMoreThanThereIs(string variant)
    {
        using var backend = BackendVariants.Open(variant);
        using var memory = backend.Allocate(100_000);
        var bytes = new byte[100_000];
        backend.Download(memory.Address, bytes);
        Assert.Equal(0, memory.Address % 64);
        Assert.DoesNotContain(bytes, value => value != 0);

        var error = Assert.Throws<OpException>(() => backend.Allocate(1L << 60));
        Assert.StartsWith("allocate: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("bytes asked", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Import_RefusesWhatIsNoWeight_AndNamesIt(string variant)
    {
        using var backend = BackendVariants.Open(variant);
        var integers = new HostTensor("ids", DType.I64, [2, 2], 0, new object());
        var cube = new HostTensor("cube", DType.F32, [1, 1, 1], 0, new object());
        Assert.Equal("import: ids is I64; a weight must be F32, BF16 or F16", Assert.Throws<OpException>(() => backend.ImportWeight(integers)).Message);
        Assert.Equal("import: cube has 3 dimensions; a weight has 1 or 2", Assert.Throws<OpException>(() => backend.ImportWeight(cube)).Message);
    }

    [Fact]
    public void MemoryOfABackend_CanBeFreed_AfterTheBackendWasDisposed()
    {
        SkipWithoutCpu();
        var backend = BackendRegistry.Open("cpu", new BackendOptions());
        var memory = backend.Allocate(4096);
        backend.Dispose();
        backend.Dispose();
        memory.Dispose();
        memory.Dispose();
    }

    private static void SkipWithoutCpu()
    {
        if (NativeLibraryResolver.Missing is { } reason)
        {
            Assert.Skip(reason);
        }
    }
}
