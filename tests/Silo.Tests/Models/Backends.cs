using XLLM.NativeBackends;
using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Tests.Models;

/// <summary>The backends that can run on this machine, for tests that hold on each.</summary>
public static class Backends
{
    public static TheoryData<string> Present => [.. BackendRegistry.All.Where(entry => entry.Missing() is null).Select(entry => entry.Name)];

    public static IBackend Open(string name) => BackendRegistry.Open(name, new BackendOptions());

    /// <summary>Every pair of a backend and one of the given values.</summary>
    public static TheoryData<string, T> With<T>(params T[] values)
    {
        var data = new TheoryData<string, T>();
        foreach (var entry in BackendRegistry.All.Where(entry => entry.Missing() is null))
        {
            foreach (var value in values)
            {
                data.Add(entry.Name, value);
            }
        }

        return data;
    }
}
