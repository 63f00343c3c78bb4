using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>An op without an oracle is not an op.</summary>
public sealed class EveryOpHasTestsTests
{
    [Fact]
    public void EveryMethodOfIOps_HasATestClass_ThatRunsOnEveryBackend()
    {
        foreach (var method in typeof(IOps).GetMethods())
        {
            var tests = GetType().Assembly.GetType($"XLLM.NativeBackends.Tests.{method.Name}Tests");
            Assert.True(tests is not null, $"IOps.{method.Name} has no class {method.Name}Tests");
            Assert.True(
                tests.GetMethods().Any(test => test.GetCustomAttributes(typeof(MemberDataAttribute), false).Cast<MemberDataAttribute>()
                    .Any(data => data.MemberType == typeof(BackendVariants))),
                $"{tests.Name} has no test over {nameof(BackendVariants)}");
        }
    }

    [Fact]
    public void TheReference_IsAlwaysPresent_AndLast()
    {
        Assert.Equal("reference", BackendRegistry.All[^1].Name);
        Assert.Null(BackendRegistry.All[^1].Missing());
    }
}
