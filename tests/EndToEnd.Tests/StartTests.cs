using XLLM.Testing;

namespace XLLM.EndToEnd.Tests;

/// <summary>Starting and stopping: one clear line and a non-zero exit where it cannot start; exit 0 where it was asked to stop.</summary>
public sealed class StartTests(SiloFixture fixture)
{
    [Fact]
    public async Task CtrlC_Drains_AndExitsWithZero()
    {
        await using var silo = await SiloProcess.StartAsync();

        Assert.Equal(0, await silo.InterruptAsync());
    }

    [Fact]
    public void TheStart_ShowsProgress_WhatIsServed_AndALineToTry()
    {
        Assert.Contains("xllm-demo", fixture.Silo.Output, StringComparison.Ordinal);
        Assert.Contains("curl", fixture.Silo.Output, StringComparison.Ordinal);
        Assert.Contains($"{fixture.Silo.Address}v1", fixture.Silo.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APortInUse_NamesThePort_AndTheRemedy()
    {
        var port = fixture.Silo.Address.Port;

        await AssertFailsAsync(["--urls", $"http://127.0.0.1:{port}"], $"{port}", "--urls");
    }

    [Fact]
    public async Task AStateFolderInUse_IsSaid()
    {
        var error = await AssertFailsAsync(
            ["--urls", $"http://127.0.0.1:{SiloProcess.FreePort()}", "--silo-port", $"{SiloProcess.FreePort()}", "--gateway-port", $"{SiloProcess.FreePort()}", "--state", fixture.Silo.StatePath],
            fixture.Silo.StatePath,
            "--state");

        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMissingModelFolder_IsNamed() =>
        await AssertFailsAsync(["--model", "/nowhere/model"], "/nowhere/model", "--model");

    [Fact]
    public async Task ADamagedModel_IsNamed()
    {
        var folder = CopyOfTheDemoModel();
        await using (var file = File.OpenWrite(Path.Combine(folder, "model.safetensors")))
        {
            file.SetLength(1000);
        }

        await AssertFailsAsync(["--model", folder], "model.safetensors");
    }

    [Fact]
    public async Task AnUnsupportedArchitecture_IsNamed_WithWhatIsSupported()
    {
        var folder = CopyOfTheDemoModel();
        var config = Path.Combine(folder, "config.json");
        await File.WriteAllTextAsync(config, (await File.ReadAllTextAsync(config, TestContext.Current.CancellationToken)).Replace("Qwen3ForCausalLM", "MambaForCausalLM", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        await AssertFailsAsync(["--model", folder], "MambaForCausalLM", "Qwen3ForCausalLM");
    }

    [Fact]
    public async Task TooLittleMemory_HasBothNumbers() =>
        await AssertFailsAsync(["--kv-cache-memory", "1KiB"], "1024", "--kv-cache-memory");

    [Fact]
    public async Task AnUnknownSwitch_IsNamed() => await AssertFailsAsync(["--modle", "x"], "--modle");

    [Fact]
    public async Task AnOptionOutOfRange_IsNamed_WithItsRange() => await AssertFailsAsync(["--threads", "-3"], "Threads", "-3", "1024");

    private static string CopyOfTheDemoModel()
    {
        var folder = Directory.CreateTempSubdirectory("xllm-model-").FullName;
        foreach (var file in Directory.EnumerateFiles(Paths.DemoModel))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        return folder;
    }

    private static async Task<string> AssertFailsAsync(string[] arguments, params string[] named)
    {
        string[] own = arguments.Contains("--urls")
            ? arguments
            :
            [
                .. arguments, "--urls", $"http://127.0.0.1:{SiloProcess.FreePort()}", "--silo-port", $"{SiloProcess.FreePort()}", "--gateway-port", $"{SiloProcess.FreePort()}",
                "--state", Directory.CreateTempSubdirectory("xllm-test-").FullName,
            ];
        var (exitCode, _, error) = await SiloProcess.RunAsync(own);

        Assert.NotEqual(0, exitCode);
        Assert.All(named, text => Assert.Contains(text, error, StringComparison.Ordinal));
        Assert.InRange(error.Trim().Split('\n').Length, 1, 3);
        return error;
    }
}
