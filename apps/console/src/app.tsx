import { QueryClientProvider } from '@tanstack/react-query';
import { Component, lazy, Suspense, type ComponentType, type ReactNode } from 'react';
import { Route, Router, Switch } from 'wouter';
import { queryClient } from './api/queries.js';
import { pages } from './pages.js';
import { SessionGate } from './shell/session.js';
import { Shell } from './shell/shell.js';
import { Page, LinkButton } from './ui/basics.js';
import { EmptyState, ErrorNotice, Loading } from './ui/notices.js';

/** Made once: a lazy component that is made while drawing would load for ever. */
const routes = pages.flatMap(({ routes: views }) =>
  views.map(({ path, load }) => ({ path, View: lazy(load) as ComponentType<{ params: Record<string, string> }> })),
);

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <Router base="/console">
        <SessionGate>
          <Shell>
            <Suspense fallback={<Loading what="the page" />}>
              <Switch>
                {routes.map(({ path, View }) => (
                  <Route key={path} path={path}>
                    {(params) => (
                      <ErrorBoundary key={path}>
                        <View params={decoded(params)} />
                      </ErrorBoundary>
                    )}
                  </Route>
                ))}
                <Route>
                  <Page title="Not found">
                    <EmptyState
                      title="There is no such page"
                      action={<LinkButton to="/">To the topology</LinkButton>}
                    />
                  </Page>
                </Route>
              </Switch>
            </Suspense>
          </Shell>
        </SessionGate>
      </Router>
    </QueryClientProvider>
  );
}

function decoded(params: Readonly<Record<string | number, string | undefined>>): Record<string, string> {
  const names = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(names.map(([name, value]) => [name, decodeURIComponent(value)]));
}

/** An error of one page leaves the others working. */
class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return <ErrorNotice error={error} onRetry={() => this.setState({ error: null })} />;
  }
}
